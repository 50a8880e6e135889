import { openCache, openTally } from '../../foundation/cache/index.ts';
import { sha256Hex } from '../../foundation/crypto/index.ts';
import type { Clock } from '../../foundation/model/index.ts';
import { networkOf } from '../../foundation/wire/networks.ts';
import type { Store } from '../../store/store.ts';

/** `token`: failures count per push token, wherever they come from, as in privacyIDEA. `source`: per push token and network. */
export type Lockout = 'token' | 'source';

/** What is guessed at: its name, how many failures one network has before it waits, and how many there were from all networks together. */
export type Guessed = { name: string; limit: number; failures: number };

/** Failures from all networks together after which everyone waits. */
export const failuresOfAll = 100;
const minute = 60_000;
/** The wait doubles with each try beyond the limit, so many times. */
const doublings = 6;
/** In hex digits: names that are made up do not fill the store. */
const namesOfNothing = 3;
const longestWaitMs = 60 * minute;
const windowMs = 24 * 60 * minute;
const trustMs = 60 * minute;
/** What a fail count goes up to where failures count per network: beyond it the wait grows no more. */
export const failureCeiling = failuresOfAll + doublings;

/**
 * Counts guesses at a secret per network, shared by all gateways. A guess is counted before anyone looks at it, so that neither a burst nor a
 * crash gets one for nothing; a right one is given back. A network beyond its limit has one try per wait. @see docs/operations.md
 */
export type GuessLimits = {
  lockout: Lockout;
  /** Counts one guess of `client` at each, and returns the names that may be looked at now. It writes, whether one may or not. */
  take(guessed: readonly Guessed[], client: string): Promise<string[]>;
  /** Writes as a counted guess does, and counts for nothing: where there is nothing to count on, the time shall not tell. The names are few. */
  pretend(name: string, client: string): Promise<void>;
  /** The guess was right: it does not count. */
  giveBack(names: readonly string[], client: string): Promise<void>;
  /** The login succeeded: nothing that this network did counts any more. */
  forget(names: readonly string[], client: string): Promise<void>;
  /** Whether this gateway knows that `client` has to wait, or has a guess of its under way; costs nothing. */
  isSuspect(name: string, client: string): boolean;
  /** How long (ms) `client` has to wait yet, as far as this gateway knows; costs nothing. */
  waitMs(name: string, client: string): number;
  /** Whether `client` was right at this gateway in the last hour, and is not suspect; costs nothing. */
  isTrusted(name: string, client: string): boolean;
  /** `client` was wrong: from now on it is not trusted until it is right again. */
  distrust(name: string, client: string): void;
  /** Does `work` after the earlier guesses of `client` at this name; nobody waits for those of another network. */
  inTurn<T>(name: string, client: string, work: () => Promise<T>): Promise<T>;
};

type Parts = { store: Store; clock: Clock; lockout: Lockout; turns: <T>(key: string, work: () => Promise<T>) => Promise<T> };

const keyOf = (name: string, client: string): string => `guess:${name} ${networkOf(client)}`;
const waitKeyOf = (key: string): string => `wait:${key}`;
const waitMs = (beyond: number): number => Math.min(minute * 2 ** Math.min(beyond, doublings), longestWaitMs);

/** Opens the limits over the counters of the store. */
export function openGuessLimits({ store, clock, lockout, turns }: Parts): GuessLimits {
  const waits = openCache<number>(100_000);
  const trustedUntil = openCache<number>(100_000);
  const underWay = openTally();
  const waitOf = (key: string): number => Math.max(0, (waits.get(key) ?? 0) - clock());
  const isWaiting = (key: string): boolean => waitOf(key) > 0;

  /** One try per wait: whoever begins it has the try. */
  const slot = async (key: string, beyond: number): Promise<boolean> => {
    if (isWaiting(key)) return false;
    const now = clock();
    const { count, endsAt } = await store.countUp(waitKeyOf(key), now, now + waitMs(beyond));
    waits.set(key, endsAt);
    return count === 1;
  };
  const endWaits = async (keys: readonly string[]): Promise<void> => {
    if (keys.length > 0) await store.uncount(keys.map(waitKeyOf), 'all');
    for (const key of keys) waits.delete(key);
  };
  const pretend = openPretence(store, clock);
  const mayTry = async ({ name, limit, failures }: Guessed, client: string): Promise<boolean> => {
    const key = keyOf(name, client);
    if (isWaiting(key)) {
      await pretend(name, client);
      return false;
    }
    const now = clock();
    const { count } = await store.countUp(key, now, now + windowMs);
    if (count >= limit && !(await slot(key, count - limit))) return false;
    return failures < failuresOfAll || slot(`guess:${name}`, failures - failuresOfAll);
  };

  const isSuspect = (name: string, client: string): boolean =>
    underWay.of(keyOf(name, client)) > 0 || isWaiting(keyOf(name, client)) || isWaiting(`guess:${name}`);
  return {
    lockout,
    async take(guessed, client) {
      const open = await Promise.all(guessed.map((each) => mayTry(each, client)));
      return guessed.filter((_, index) => open[index]).map(({ name }) => name);
    },
    pretend,
    async giveBack(names, client) {
      const keys = names.map((name) => keyOf(name, client));
      for (const key of keys) trustedUntil.set(key, clock() + trustMs);
      await Promise.all([store.uncount(keys, 'one'), endWaits(keys.filter((key) => waits.has(key)))]);
    },
    async forget(names, client) {
      const keys = names.map((name) => keyOf(name, client));
      await Promise.all([store.uncount(keys, 'all'), endWaits(keys)]);
    },
    isSuspect,
    waitMs: (name, client) => Math.max(waitOf(keyOf(name, client)), waitOf(`guess:${name}`)),
    isTrusted: (name, client) => clock() < (trustedUntil.get(keyOf(name, client)) ?? 0) && !isSuspect(name, client),
    distrust: (name, client) => void trustedUntil.delete(keyOf(name, client)),
    inTurn(name, client, work) {
      const key = keyOf(name, client);
      return underWay.during(key, () => turns(key, work));
    },
  };
}

/** Writes to counters that nobody reads and that are few. */
const openPretence =
  (store: Store, clock: Clock): GuessLimits['pretend'] =>
  async (name, client) => {
    const now = clock();
    await store.countUp(`guess:nothing ${sha256Hex(`${name} ${networkOf(client)}`).slice(0, namesOfNothing)}`, now, now + minute);
  };
