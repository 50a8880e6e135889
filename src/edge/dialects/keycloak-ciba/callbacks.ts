import type { Background } from '../../../engine/index.ts';
import { type Keyring, sealedFor } from '../../../foundation/keyring/index.ts';
import type { Clock, OutboxMessage, Tell } from '../../../foundation/model/index.ts';
import { type Log, thrownFields } from '../../../foundation/telemetry/index.ts';
import type { Store } from '../../../store/store.ts';
import { type Callback, readCallback } from './callback-message.ts';

/** A message to send; `attempts` counts this one. */
export type OpenMessage = { id: string; attempts: number; payload: string };

/** The end of one attempt. `later`: it is too early, which is no failure. */
export type Sent = { kind: 'done' } | { kind: 'again'; error: string; afterMs: number } | { kind: 'later'; afterMs: number };

/** Where messages go. A message that `isOnce` is begun in the store before it is sent, and never sent by another gateway. */
export type MessageTarget = {
  isOnce(payload: string): boolean;
  send(message: OpenMessage, signal: AbortSignal): Promise<Sent>;
};

/** A message to store, due at `dueAt` (epoch ms). */
export type NewMessage = Pick<OutboxMessage, 'id' | 'target' | 'order' | 'position' | 'authServer' | 'dueAt'> & {
  payload: string;
  lifeMs: number;
};

/** The callbacks of this store: stored before they are sent, by one gateway at a time. */
export type Callbacks = {
  /** Stores messages, whose existing ids it skips, and sends what is due. */
  add(messages: readonly NewMessage[]): Promise<void>;
  /** Removes a message that is not needed any more. */
  remove(id: string): Promise<void>;
  /** Begins to look for due messages every second, and whenever one is added or made due here. */
  start(targets: Readonly<Record<string, MessageTarget>>): void;
  /** Begins no more of them; those under way are background work. */
  stop(): Promise<void>;
};

/** What they are sent with. `onDue` registers what to call when one was made due. */
export type CallbackParts = {
  store: Pick<Store, 'addMessages' | 'claimMessages' | 'changeMessage' | 'removeMessage'>;
  keyring: Keyring;
  clock: Clock;
  log: Log;
  tell: Tell;
  background: Background;
  onDue: (listener: () => void) => void;
};

const everyMs = 1000;
/** Keycloak may ping its client before it replies. @see docs/protocols/keycloak-ciba.md 8 */
const attemptMs = 15_000;
/** Longer than an attempt, so that two gateways never send the same message. */
const leaseMs = 60_000;
const mostAtOnce = 32;

/** Opens the callbacks. A failure of the store is logged, and the message tried again after its lease. */
export function openCallbacks(parts: CallbackParts): Callbacks {
  const { store, clock, background } = parts;
  let targets: readonly (readonly [string, MessageTarget])[] = [];
  let timer: NodeJS.Timeout | undefined;
  let underWay = 0;
  const begin = (target: MessageTarget, message: OutboxMessage): void => {
    underWay += 1;
    const attempted = attempt(parts, target, message).finally(() => {
      underWay -= 1;
    });
    background.run('callback', () => attempted);
  };
  const rounds = openRounds(parts, async () => {
    for (const [name, target] of targets) {
      const limit = mostAtOnce - underWay;
      if (limit <= 0) return;
      const now = clock();
      for (const message of await store.claimMessages(name, { now, leaseUntil: now + leaseMs, limit })) begin(target, message);
    }
  });
  return {
    async add(messages) {
      await store.addMessages(messages.map((message) => sealed(parts, message)));
      if (messages.some(({ dueAt }) => dueAt <= clock())) rounds.next();
    },
    remove: async (id) => void (await store.removeMessage(id)),
    start(given) {
      targets = Object.entries(given);
      if (targets.length === 0) return;
      timer = setInterval(() => rounds.next(), everyMs);
      parts.onDue(() => rounds.next());
    },
    async stop() {
      targets = [];
      clearInterval(timer);
      await rounds.ended();
    },
  };
}

const sealed = ({ keyring, clock }: CallbackParts, { payload, lifeMs, ...message }: NewMessage): OutboxMessage => ({
  ...message,
  payload: keyring.seal(sealedFor.message(message.id), Buffer.from(payload)),
  createdAt: clock(),
  endsAt: clock() + lifeMs,
  attempts: 0,
  state: 'waiting',
});

async function attempt(parts: CallbackParts, target: MessageTarget, message: OutboxMessage): Promise<void> {
  const { store, keyring, clock } = parts;
  const { id, attempts } = message;
  const payload = keyring.open(sealedFor.message(id), message.payload).toString();
  if (message.state === 'begun') {
    if (await store.removeMessage(id, attempts)) tellInterrupted(parts, message, readCallback(payload));
    return;
  }
  if (target.isOnce(payload) && !(await store.changeMessage(id, attempts, { state: 'begun' }))) return;
  const sent = await target.send({ id, attempts, payload }, AbortSignal.timeout(attemptMs));
  if (sent.kind === 'done') await store.removeMessage(id, attempts);
  else {
    const lastError = sent.kind === 'again' ? { lastError: sent.error } : {};
    await store.changeMessage(id, attempts, { state: 'waiting', dueAt: clock() + sent.afterMs, ...lastError });
  }
}

/** Its gateway has ended after it had begun, so nobody knows whether it was sent. */
function tellInterrupted({ tell }: CallbackParts, { authServer }: OutboxMessage, { transaction }: Callback): void {
  if (transaction !== undefined)
    tell({ kind: 'result-undelivered', authServer, transaction, result: 'approved', because: 'unknown', reason: 'interrupted' });
}

/** Runs one round at a time; a call during a round makes one more after it. Logs the first of several failures. */
function openRounds({ background, log }: CallbackParts, round: () => Promise<void>): { next(): void; ended(): Promise<void> } {
  let running: Promise<void> | undefined;
  let isWanted = false;
  let hasFailed = false;
  const run = async (): Promise<void> => {
    while (isWanted) {
      isWanted = false;
      try {
        await round();
        hasFailed = false;
      } catch (error) {
        log[hasFailed ? 'debug' : 'error'](thrownFields(error), 'due callbacks could not be read; they are tried again');
        hasFailed = true;
      }
    }
    running = undefined;
  };
  return {
    next() {
      isWanted = true;
      running ??= background.run('due callbacks', run);
    },
    ended: async () => running,
  };
}
