import { openCache } from '../../foundation/cache/index.ts';
import type { Clock } from '../../foundation/model/index.ts';
import { networkOf } from '../../foundation/wire/networks.ts';
import type { Store } from '../../store/store.ts';
import { failuresCountMs, growingWaitMs, trustMs } from './growing-wait.ts';

/**
 * The target of guesses: its name, the failures that one network may have before it waits, and the present failures
 * from all networks.
 */
export type Guessed = { name: string; limit: number; failures: number };

/** Failures from all networks together after which every network waits. */
const failuresOfAll = 100;

/**
 * Counts guesses at administrator passwords per network, shared by all gateways. A guess is counted before it is
 * checked, so that neither a burst nor a crash gives a free one; a right one is taken back. A network beyond its limit
 * has one try per wait. @see docs/operations.md
 */
export type GuessLimits = {
  /** Counts one guess of `client`; returns whether it may be checked now. */
  take(guessed: Guessed, client: string): Promise<boolean>;
  /** Takes back a right guess. */
  giveBack(name: string, client: string): Promise<void>;
  /** Clears everything counted for this network. */
  forget(name: string, client: string): Promise<void>;
  /** How long (ms) `client` must still wait, as far as this gateway knows; no read. */
  waitMs(name: string, client: string): number;
  /** Whether `client` was right at this gateway in the last hour and does not wait; no read. */
  isTrusted(name: string, client: string): boolean;
  /** After a wrong guess, `client` is not trusted until it is right again. */
  distrust(name: string, client: string): void;
};

const keyOf = (name: string, client: string): string => `guess:${name} ${networkOf(client)}`;
const waitKeyOf = (key: string): string => `wait:${key}`;

/** Opens the limits with the counters of the store. */
export function openGuessLimits({ store, clock }: { store: Pick<Store, 'countUp' | 'uncount'>; clock: Clock }): GuessLimits {
  const waits = openCache<number>(100_000);
  const trustedUntil = openCache<number>(100_000);
  const waitOf = (key: string): number => Math.max(0, (waits.get(key) ?? 0) - clock());
  const isWaiting = (key: string): boolean => waitOf(key) > 0;

  /** One try per wait: the caller that begins the wait has the try. */
  const slot = async (key: string, beyond: number): Promise<boolean> => {
    if (isWaiting(key)) return false;
    const now = clock();
    const { count, endsAt } = await store.countUp(waitKeyOf(key), now, now + growingWaitMs(beyond));
    waits.set(key, endsAt);
    return count === 1;
  };
  const endWait = async (key: string): Promise<void> => {
    await store.uncount([waitKeyOf(key)], 'all');
    waits.delete(key);
  };
  return {
    async take({ name, limit, failures }, client) {
      const key = keyOf(name, client);
      if (isWaiting(key)) return false;
      const now = clock();
      const { count } = await store.countUp(key, now, now + failuresCountMs);
      if (count >= limit && !(await slot(key, count - limit))) return false;
      return failures < failuresOfAll || slot(`guess:${name}`, failures - failuresOfAll);
    },
    async giveBack(name, client) {
      const key = keyOf(name, client);
      trustedUntil.set(key, clock() + trustMs);
      await Promise.all([store.uncount([key], 'one'), waits.has(key) ? endWait(key) : undefined]);
    },
    async forget(name, client) {
      const key = keyOf(name, client);
      await Promise.all([store.uncount([key], 'all'), endWait(key)]);
    },
    waitMs: (name, client) => Math.max(waitOf(keyOf(name, client)), waitOf(`guess:${name}`)),
    isTrusted: (name, client) =>
      clock() < (trustedUntil.get(keyOf(name, client)) ?? 0) && !isWaiting(keyOf(name, client)) && !isWaiting(`guess:${name}`),
    distrust: (name, client) => void trustedUntil.delete(keyOf(name, client)),
  };
}
