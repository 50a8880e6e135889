import { sealedFor } from '../../foundation/keyring/index.ts';
import type { OutboxMessage } from '../../foundation/model/index.ts';
import { thrownFields } from '../../foundation/telemetry/index.ts';
import type { OutboxFilter, OutboxTally } from '../../store/exchange.ts';
import { type OutboxParts, outcomeUnknown } from './attempt.ts';
import { type Lane, openLane } from './lane.ts';
import type { NewMessage, OutboxTarget } from './target.ts';

/** A message as operators see it: without its payload. */
export type ShownMessage = Omit<OutboxMessage, 'payload'>;

/** Why a message was not sent again: there is none, it is not dead, or it may have reached its target once already. */
export type ReplayRefusal = 'unknown' | 'not-dead' | 'outcome-unknown';

/**
 * Messages to other servers. Each is stored before it is sent, at least once, by one gateway at a time; those of one
 * target and order one after the other. A failed one is sent again, after 5 seconds at first and an hour at last, for
 * 24 hours; then it is dead, and kept for a week.
 */
export type Outbox = {
  /** Stores messages, whose existing ids it skips, and sends what is due. Resolves when they are stored. */
  add(messages: readonly NewMessage[]): Promise<void>;
  /** Makes a message due that was never tried. Changes nothing about one that a gateway has claimed. */
  makeDue(id: string): Promise<void>;
  list(filter: OutboxFilter, limit: number): Promise<ShownMessage[]>;
  tally(): Promise<OutboxTally[]>;
  /** Has a dead message sent again, as if it were new. Never one that may be sent once only and may have been sent. */
  replay(id: string): Promise<ShownMessage | ReplayRefusal>;
  /** Deletes a message; undefined when there is none. */
  drop(id: string): Promise<ShownMessage | undefined>;
  /** Sends what is due, and resolves when nothing more is. */
  round(): Promise<void>;
  /** Begins to look for due messages every five seconds, and every second for prompt targets. */
  start(): void;
  /** Claims no more messages, and resolves when the attempts under way have ended. */
  stop(): Promise<void>;
};

const everyMs = 5_000;
const promptMs = 1_000;
const tallyEveryRounds = 12;
const lifeMs = 24 * 60 * 60_000;

/**
 * Opens the outbox for these targets, by name such as `hook:billing`. Messages to other targets stay in it until they
 * are given up.
 */
export function openOutbox(parts: OutboxParts, targets: Readonly<Record<string, OutboxTarget>>): Outbox {
  const lanes = openLanes(parts, targets);
  let timer: NodeJS.Timeout | undefined;
  let prompt: NodeJS.Timeout[] = [];
  let rounds = 0;
  const begin = (): void => {
    if (rounds % tallyEveryRounds === 0)
      lanes
        .lookAround()
        .catch((error: unknown) => parts.log.error(thrownFields(error), 'the outbox could not be counted; it is tried again'));
    rounds += 1;
    lanes.wakeAll();
  };
  const wake = (names: readonly string[]): void => {
    if (timer) for (const name of new Set(names)) lanes.of(name).wake();
  };
  return {
    async add(messages) {
      await parts.store.addMessages(messages.map((message) => sealed(parts, message)));
      wake(messages.map(({ target }) => target));
    },
    async makeDue(id) {
      const message = await parts.store.findMessage(id);
      if (message?.state !== 'waiting' || message.attempts > 0) return;
      if (await parts.store.changeMessage(id, 0, { dueAt: parts.clock() })) wake([message.target]);
    },
    ...openAdministration(parts, wake),
    async round() {
      await lanes.lookAround();
      lanes.wakeAll();
      await lanes.settled();
    },
    start() {
      timer ??= setInterval(begin, everyMs);
      prompt = Object.entries(targets).flatMap(([name, { isPrompt }]) =>
        isPrompt ? setInterval(() => lanes.of(name).wake(), promptMs) : [],
      );
      begin();
    },
    async stop() {
      for (const each of [timer, ...prompt]) clearInterval(each);
      timer = undefined;
      await lanes.stop();
    },
  };
}

/** The lanes of all targets that are configured or have messages. */
function openLanes(parts: OutboxParts, targets: Readonly<Record<string, OutboxTarget>>) {
  const { store, clock, metrics } = parts;
  const lanes = new Map<string, Lane>();
  const all = (): Lane[] => [...lanes.values()];
  const of = (name: string): Lane => {
    const lane = lanes.get(name) ?? openLane(parts, name, targets[name]);
    lanes.set(name, lane);
    return lane;
  };
  for (const name of Object.keys(targets)) {
    of(name);
    metrics.outboxMessages.startAtZero({ target: name });
    metrics.outboxOldest.set({ target: name }, 0);
  }
  return {
    of,
    /** Opens a lane for each target that has messages, and shows how long the oldest has waited. */
    async lookAround() {
      const waiting = (await store.tallyMessages()).filter(({ state }) => state !== 'dead');
      for (const name of lanes.keys()) metrics.outboxOldest.set({ target: name }, 0);
      for (const { target, oldest } of waiting) {
        metrics.outboxOldest.set({ target }, Math.max(0, clock() - oldest) / 1000);
        of(target);
      }
    },
    wakeAll() {
      for (const lane of all()) lane.wake();
    },
    settled: () => Promise.all(all().map((lane) => lane.settled())),
    stop: () => Promise.all(all().map((lane) => lane.stop())),
  };
}

type Administration = Pick<Outbox, 'list' | 'tally' | 'replay' | 'drop'>;

function openAdministration({ store, clock }: OutboxParts, wake: (names: readonly string[]) => void): Administration {
  return {
    list: async (filter, limit) => (await store.listMessages(filter, limit)).map(shown),
    tally: () => store.tallyMessages(),
    async replay(id) {
      const found = await store.findMessage(id);
      if (!found) return 'unknown';
      if (found.lastError === outcomeUnknown) return 'outcome-unknown';
      if (!(await store.replayMessage(id, clock(), clock() + lifeMs))) return 'not-dead';
      wake([found.target]);
      return shown(found);
    },
    async drop(id) {
      const found = await store.findMessage(id);
      return found && (await store.removeMessage(id)) ? shown(found) : undefined;
    },
  };
}

const shown = ({ payload: _payload, ...message }: OutboxMessage): ShownMessage => message;

function sealed(
  { keyring, clock }: OutboxParts,
  { payload, lifeMs: life = lifeMs, dueAt = clock(), ...message }: NewMessage,
): OutboxMessage {
  const seal = keyring.seal(sealedFor.message(message.id), Buffer.from(payload));
  return { ...message, payload: seal, createdAt: dueAt, dueAt, endsAt: dueAt + life, attempts: 0, state: 'waiting' };
}
