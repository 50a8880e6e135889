import type { Clock, PublishedEvent, Transaction } from '../../foundation/model/index.ts';
import type { Store } from '../../store/store.ts';
import type { Outbox } from './outbox.ts';
import type { OutboxTarget } from './target.ts';
import type { WebHook } from './web-hooks/config.ts';
import { hookPayloadText, hookTarget } from './web-hooks/target.ts';

/** The target of messages that look whether a challenge has expired. */
export const expiryTarget = 'expiry';

/** How long an event can be read (ms). */
const readableMs = 24 * 60 * 60_000;

/** An event to publish. `position` is its place among the events of its transaction. */
export type NewEvent = Omit<PublishedEvent, 'number' | 'endsAt'> & { position: number };

/** Publishes events of transactions: for readers of event streams, and to web hooks. */
export type Publisher = {
  /** Whether anybody may want the events of this auth server. */
  isWanted(authServer: string): boolean;
  /** Publishes events once each, however often they come. */
  publish(events: readonly NewEvent[]): Promise<void>;
  /** Has an event published if the transaction expires. */
  watchExpiry(transaction: Pick<Transaction, 'id' | 'authServer'>, finishUntil: number): Promise<void>;
};

/** What a publisher works with. `isStreamed`: whether an event stream of any auth server can be open. */
export type PublisherParts = {
  store: Pick<Store, 'publish'>;
  outbox: Pick<Outbox, 'add'>;
  clock: Clock;
  hooks: readonly Pick<WebHook, 'name' | 'authServer' | 'events'>[];
  isStreamed: boolean;
};

/** Opens the publisher of a configuration. */
export function openPublisher({ store, outbox, clock, hooks, isStreamed }: PublisherParts): Publisher {
  return {
    isWanted: (authServer) => isStreamed || hooks.some((hook) => hook.authServer === authServer),
    async publish(events) {
      if (isStreamed) await store.publish(events.map(({ position: _position, ...event }) => ({ ...event, endsAt: clock() + readableMs })));
      const messages = events.flatMap((event) => hooks.filter((hook) => isFor(hook, event)).map((hook) => messageOf(hook.name, event)));
      if (messages.length > 0) await outbox.add(messages);
    },
    watchExpiry: ({ id, authServer }, finishUntil) =>
      outbox.add([
        { id: `${id}@${expiryTarget}`, target: expiryTarget, order: id, position: 0, authServer, payload: id, dueAt: finishUntil },
      ]),
  };
}

const isFor = ({ authServer, events }: PublisherParts['hooks'][number], event: NewEvent): boolean =>
  authServer === event.authServer && (events === undefined || events.some((kind) => kind === event.kind));

function messageOf(hook: string, { id, authServer, transaction, position, kind, at, data }: NewEvent) {
  const body = JSON.stringify({ type: kind, timestamp: new Date(at).toISOString(), data });
  const target = hookTarget(hook);
  return { id: `${id}@${target}`, target, order: transaction, position, authServer, payload: hookPayloadText(id, body) };
}

/** After all other events of its transaction. */
const lastPosition = 1_000_000;

/** Looks at a transaction when it may have ended, and publishes its expiry if nothing else ended it. */
export const expiryWatch = (
  { store, clock }: { store: Pick<Store, 'findTransaction'>; clock: Clock },
  publish: Publisher['publish'],
): OutboxTarget => ({
  async send({ payload: id }) {
    const transaction = await store.findTransaction(id);
    if (!transaction || hasEnded(transaction)) return { kind: 'done' };
    const { finishUntil } = transaction.decision;
    // An answer leaves time to finish.
    if (clock() < finishUntil) return { kind: 'later', afterMs: finishUntil - clock() };
    const data = { id, status: 'expired' };
    const { authServer } = transaction;
    await publish([
      { id: `${id}:expired`, authServer, at: finishUntil, transaction: id, kind: 'challenge.expired', data, position: lastPosition },
    ]);
    return { kind: 'done' };
  },
});

function hasEnded({ decision: { state, rule } }: Transaction): boolean {
  return state !== 'open' && !(state === 'accepted' && rule.consume === 'once');
}
