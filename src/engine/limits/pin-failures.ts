import { openCache } from '../../foundation/cache/index.ts';
import { sha256Hex } from '../../foundation/crypto/index.ts';
import type { Clock } from '../../foundation/model/index.ts';
import type { Store } from '../../store/store.ts';
import { failuresCountMs, growingWaitMs, trustMs } from './growing-wait.ts';

/**
 * `token`: failures count per push token, as in privacyIDEA. `source`: each known client has a count of its own, and
 * all others share one.
 */
export type Lockout = 'token' | 'source';

/** The source of a typed PIN: the user (by key), the auth server, and the client (by key) if known. */
export type PinSource = { user: string; authServer: string; client: string | undefined };

const pretenceMs = 60_000;
/** In hex digits; few, so that invented names cannot fill the store. */
const unknownUserHexDigits = 4;

/** The prefix of all PIN counters. */
const beginning = 'pin:';
const encoded = encodeURIComponent;
const quietKey = (counter: string): string => `${counter} quiet`;

/**
 * The counter of a source; `isKnown`: a phone recently accepted a login of this user from there. It begins with the
 * user, so that all of a user can be cleared.
 */
export const counterOf = ({ user, authServer, client }: PinSource, isKnown: boolean): string =>
  `${userBeginning(user)}${isKnown && client !== undefined ? `known ${client}` : `others ${encoded(authServer)}`}`;

const userBeginning = (user: string): string => `${beginning}${encoded(user)} `;

/**
 * The user (by key) of a counter, and the auth server if it counts all unknown clients of one; undefined for counters
 * of unknown names.
 */
export function readCounter(counter: string): { user: string; authServer?: string } | undefined {
  const [user = '', who, told = ''] = counter.slice(beginning.length).split(' ');
  if (user === ':nobody') return undefined;
  return { user: decodeURIComponent(user), ...(who === 'others' ? { authServer: decodeURIComponent(told) } : {}) };
}

/** The counter of a name without a user or push token: one of a few that all such names share. */
export const counterOfUnknownUser = ({ user, authServer }: Pick<PinSource, 'user' | 'authServer'>): string =>
  `${beginning}:nobody ${sha256Hex(JSON.stringify([user, authServer])).slice(0, unknownUserHexDigits)}`;

/**
 * How to treat a guess. `quiet`: the reply must not reveal its result. `beginsQuietMs`: later guesses will be quiet for
 * this time, unless this one is right.
 */
export type GuessTreatment = { kind: 'quiet' } | { kind: 'open'; beginsQuietMs?: number | undefined };

/**
 * Counts wrong PINs in counters that all gateways share. A guess is counted before it is checked, so that neither a
 * burst nor a crash gives a free one; a right one is taken back. From the limit on, only one guess per quiet time is
 * treated as usual; that time is 1 minute, then 2, 4, … up to an hour.
 * @see docs/decisions/quiet-logins.md
 */
export type PinFailures = {
  /** Counts one guess, and says how to treat it. While a counter is quiet nothing is counted. */
  take(counter: string, limit: number): Promise<GuessTreatment>;
  /** Takes back a right guess, and the quiet time that it began. */
  giveBack(counter: string, treatment: GuessTreatment): Promise<void>;
  /** Clears a counter, after an accept of a phone or a reset by an administrator. */
  end(counter: string): Promise<void>;
  /** Clears all counters of a user. */
  endAll(user: string): Promise<void>;
  /** The counters that are quiet now, and until when (epoch ms); of one user if a key is given. */
  quietNow(user?: string): Promise<{ counter: string; until: number }[]>;
  /**
   * Writes like a counted failure without counting, so that response time does not reveal whether there is something to
   * count. Uses a few counters.
   */
  pretend(user: string): Promise<void>;
  /**
   * The counter of the last right PIN of this source at this gateway, within an hour and if it is not quiet; no read.
   */
  trustedCounter(source: PinSource): string | undefined;
  /** After a wrong PIN, this source is not trusted until it is right again. */
  distrust(source: PinSource): void;
  /** Records a right PIN of this source. */
  trust(source: PinSource, counter: string): void;
};

const maxListed = 5000;

type Parts = { store: Pick<Store, 'countUp' | 'countOf' | 'countersFrom' | 'uncount' | 'endCounters'>; clock: Clock };

const trustKey = ({ user, authServer, client }: PinSource): string => JSON.stringify([user, authServer, client]);

/** Opens the failures with the counters of the store. */
export function openPinFailures({ store, clock }: Parts): PinFailures {
  const quietUntil = openCache<number>(100_000);
  const trusted = openCache<{ counter: string; until: number }>(100_000);
  const end = async (counter: string): Promise<void> => {
    quietUntil.delete(counter);
    await store.uncount([counter, quietKey(counter)], 'all');
  };
  return {
    async take(counter, limit) {
      const now = clock();
      if ((await store.countOf(quietKey(counter), now)) > 0) return { kind: 'quiet' };
      const { count } = await store.countUp(counter, now, now + failuresCountMs);
      if (count < limit) return { kind: 'open' };
      const begun = await store.countUp(quietKey(counter), now, now + growingWaitMs(count - limit));
      quietUntil.set(counter, begun.endsAt);
      return begun.count === 1 ? { kind: 'open', beginsQuietMs: begun.endsAt - now } : { kind: 'quiet' };
    },
    async giveBack(counter, treatment) {
      const beganQuiet = treatment.kind === 'open' && treatment.beginsQuietMs !== undefined;
      if (beganQuiet) quietUntil.delete(counter);
      await Promise.all([store.uncount([counter], 'one'), beganQuiet ? store.uncount([quietKey(counter)], 'all') : undefined]);
    },
    end,
    async quietNow(user) {
      const counters = await store.countersFrom(user === undefined ? beginning : userBeginning(user), clock(), maxListed);
      return counters
        .filter(({ key }) => key.endsWith(quietKey('')))
        .map(({ key, endsAt }) => ({ counter: key.slice(0, -quietKey('').length), until: endsAt }));
    },
    async pretend(user) {
      const now = clock();
      await store.countUp(`${counterOfUnknownUser({ user, authServer: '' })} pretence`, now, now + pretenceMs);
    },
    endAll: (user) => store.endCounters(userBeginning(user)),
    trustedCounter(source) {
      const { counter, until } = trusted.get(trustKey(source)) ?? { counter: '', until: 0 };
      return clock() < until && clock() >= (quietUntil.get(counter) ?? 0) ? counter : undefined;
    },
    distrust: (source) => void trusted.delete(trustKey(source)),
    trust: (source, counter) => void trusted.set(trustKey(source), { counter, until: clock() + trustMs }),
  };
}
