import { openCache } from '../../foundation/cache/index.ts';
import type { Clock } from '../../foundation/model/index.ts';
import { networkOf } from '../../foundation/wire/networks.ts';
import type { Store } from '../../store/store.ts';
import { failuresCountMs, growingWaitMs, trustMs } from './growing-wait.ts';

/** What is guessed at: its name, how many failures one network has before it waits, and how many there were from all networks together. */
export type Guessed = { name: string; limit: number; failures: number };

/** Failures from all networks together after which everyone waits. */
const failuresOfAll = 100;

/**
 * Counts guesses at the password of an administrator per network, shared by all gateways. A guess is counted before anyone looks at it, so that neither a burst nor a
 * crash gets one for nothing; a right one is given back. A network beyond its limit has one try per wait. @see docs/operations.md
 */
export type GuessLimits = {
  /** Counts one guess of `client`, and returns whether it may be looked at now. */
  take(guessed: Guessed, client: string): Promise<boolean>;
  /** The guess was right: it does not count. */
  giveBack(name: string, client: string): Promise<void>;
  /** Nothing that this network did counts any more. */
  forget(name: string, client: string): Promise<void>;
  /** How long (ms) `client` has to wait yet, as far as this gateway knows; costs nothing. */
  waitMs(name: string, client: string): number;
  /** Whether `client` was right at this gateway in the last hour, and does not wait; costs nothing. */
  isTrusted(name: string, client: string): boolean;
  /** `client` was wrong: from now on it is not trusted until it is right again. */
  distrust(name: string, client: string): void;
};

const keyOf = (name: string, client: string): string => `guess:${name} ${networkOf(client)}`;
const waitKeyOf = (key: string): string => `wait:${key}`;

/** Opens the limits over the counters of the store. */
export function openGuessLimits({ store, clock }: { store: Pick<Store, 'countUp' | 'uncount'>; clock: Clock }): GuessLimits {
  const waits = openCache<number>(100_000);
  const trustedUntil = openCache<number>(100_000);
  const waitOf = (key: string): number => Math.max(0, (waits.get(key) ?? 0) - clock());
  const isWaiting = (key: string): boolean => waitOf(key) > 0;

  /** One try per wait: whoever begins it has the try. */
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
