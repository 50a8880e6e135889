import { thrownFields } from '../../foundation/telemetry/index.ts';
import { attempt, attemptMs, type OutboxParts } from './attempt.ts';
import type { OutboxTarget } from './target.ts';

/** Sends the messages of one target. */
export type Lane = {
  /** Claims and sends what is due, as much at once as the target takes. */
  wake(): void;
  /** Resolves when no attempt is under way. */
  settled(): Promise<void>;
  /** Claims no more, and cuts off attempts that take longer than a few seconds. Resolves when none is under way. */
  stop(): Promise<void>;
};

/** How many messages of one target this gateway sends at once. */
export const mostAtOnce = 10;

/** After so many failed attempts in a row the target gets one message per round, until it takes one. */
const failingAfter = 3;

/** Longer than an attempt, so that only the messages of a dead gateway are claimed by another one. */
const leaseMs = attemptMs + 45_000;

/** How long attempts may still take when the lane is stopped (ms). */
const patienceMs = 3_000;

/** A message with a shorter delay does not wait for the next round. */
const soonMs = 5_000;

/** Opens the lane of a target. */
export function openLane(parts: OutboxParts, name: string, target: OutboxTarget | undefined): Lane {
  const { store, clock, log } = parts;
  const underWay = new Set<Promise<void>>();
  let claiming: Promise<void> | undefined;
  let isStopped = false;
  const cutOff = new AbortController();
  let failures = 0;
  const isFailing = (): boolean => failures >= failingAfter;
  const track = (work: Promise<void>): void => {
    const tracked = work.finally(() => underWay.delete(tracked));
    underWay.add(tracked);
  };
  const claim = async (): Promise<void> => {
    const limit = (isFailing() ? 1 : mostAtOnce) - underWay.size;
    if (isStopped || limit <= 0) return;
    const now = clock();
    for (const message of await store.claimMessages(name, { now, leaseUntil: now + leaseMs, limit })) track(send(message));
  };
  const send = async (message: Parameters<typeof attempt>[1]): Promise<void> => {
    try {
      const sent = await attempt(parts, message, { target, cutOff: cutOff.signal });
      if (sent) failures = sent.kind === 'done' || sent.kind === 'later' ? 0 : failures + 1;
      if (sent?.kind === 'again' && sent.afterMs !== undefined && sent.afterMs < soonMs) timers.wakeIn(sent.afterMs);
      if (!isFailing()) setImmediate(wake);
    } catch (error) {
      // Its lease ends by itself.
      log.error({ ...thrownFields(error), target: name }, 'the end of a message could not be stored; it is sent again');
    }
  };
  let isAskedAgain = false;
  const wake = (): void => {
    isAskedAgain = claiming !== undefined;
    claiming ??= claim()
      .catch((error: unknown) => log.error({ ...thrownFields(error), target: name }, 'the outbox could not be read; it is tried again'))
      .then(() => {
        claiming = undefined;
        if (isAskedAgain) wake();
      });
  };
  const timers = openTimers(wake);
  const settled = async (): Promise<void> => {
    while (claiming || underWay.size > 0) {
      await Promise.all([claiming, ...underWay]);
      // A finished message wakes the lane.
      await new Promise(setImmediate);
    }
  };
  return {
    wake,
    settled,
    async stop() {
      isStopped = true;
      timers.clear();
      const patience = setTimeout(() => cutOff.abort(), patienceMs);
      await settled();
      clearTimeout(patience);
    },
  };
}

/** Timers that wake a lane before the next round. */
function openTimers(wake: () => void): { wakeIn(ms: number): void; clear(): void } {
  const running = new Set<NodeJS.Timeout>();
  return {
    wakeIn(ms) {
      const timer = setTimeout(() => {
        running.delete(timer);
        wake();
      }, ms);
      running.add(timer);
    },
    clear() {
      for (const timer of running) clearTimeout(timer);
    },
  };
}
