import { openCache } from '../../foundation/cache/index.ts';
import { sha256Hex } from '../../foundation/crypto/index.ts';
import type { Clock } from '../../foundation/model/index.ts';
import type { Store } from '../../store/store.ts';
import { failuresCountMs, growingWaitMs, trustMs } from './growing-wait.ts';

/** `token`: failures count per push token, wherever they come from, as in privacyIDEA. `source`: a known client has a count of its own, and all others share one. */
export type Lockout = 'token' | 'source';

/** Who may have typed a wrong PIN: a user by key, an auth server, and the client by key, where one is told. */
export type PinSource = { user: string; authServer: string; client: string | undefined };

const pretenceMs = 60_000;
/** In hex digits: names that are made up do not fill the store. */
const namesOfNobody = 4;

/** How the counters of all PINs begin. */
const beginning = 'pin:';
const encoded = encodeURIComponent;
const quietKey = (counter: string): string => `${counter} quiet`;

/** The counter of a source; `isKnown`: a phone has accepted a login of this user from there lately. It begins with the user, so that all of a user can be ended. */
export const counterOf = ({ user, authServer, client }: PinSource, isKnown: boolean): string =>
  `${userBeginning(user)}${isKnown && client !== undefined ? `known ${client}` : `others ${encoded(authServer)}`}`;

const userBeginning = (user: string): string => `${beginning}${encoded(user)} `;

/** What a counter counts for: the user by key, and the auth server where it is that of all clients but the known ones; undefined for names that are nobody's. */
export function readCounter(counter: string): { user: string; authServer?: string } | undefined {
  const [user = '', who, told = ''] = counter.slice(beginning.length).split(' ');
  if (user === ':nobody') return undefined;
  return { user: decodeURIComponent(user), ...(who === 'others' ? { authServer: decodeURIComponent(told) } : {}) };
}

/** The counter of a name that is nobody's, or has no push token: one of a few that all such names share. */
export const counterOfNobody = ({ user, authServer }: Pick<PinSource, 'user' | 'authServer'>): string =>
  `${beginning}:nobody ${sha256Hex(JSON.stringify([user, authServer])).slice(0, namesOfNobody)}`;

/** What may be done with a guess. `quiet`: its reply must not tell what it came to. `beginsQuietMs`: how long all later ones are quiet, unless this one is right. */
export type Turn = { kind: 'quiet' } | { kind: 'open'; beginsQuietMs?: number | undefined };

/**
 * Counts wrong PINs in counters that all gateways share. A guess is counted before anyone looks at it, so that neither a burst nor a crash gets one for nothing; a
 * right one is given back. From its limit on, one guess per quiet time is looked at as ever; the time is a minute, then 2, 4, … up to an hour.
 * @see docs/decisions/quiet-logins.md
 */
export type PinFailures = {
  /** Counts one guess, and says how it may be answered. While a counter is quiet nothing is counted. */
  take(counter: string, limit: number): Promise<Turn>;
  /** The guess was right: it does not count, and the quiet time that it began is none. */
  giveBack(counter: string, turn: Turn): Promise<void>;
  /** A phone said yes, or an administrator forgave: nothing that was counted counts any more. */
  end(counter: string): Promise<void>;
  /** The same for everything that was counted of a user. */
  endAll(user: string): Promise<void>;
  /** The counters that are quiet now, and until when (epoch ms); of one user where a key is given. */
  quietNow(user?: string): Promise<{ counter: string; until: number }[]>;
  /** Writes as a counted failure does, and counts for nothing: where there is nothing to count on, the time shall not tell. The counters are few. */
  pretend(user: string): Promise<void>;
  /** Where the last right PIN of this source was counted at this gateway, within an hour, and that was not quiet; costs nothing. */
  trustedCounter(source: PinSource): string | undefined;
  /** This source was wrong: from now on it is not trusted until it is right again. */
  distrust(source: PinSource): void;
  /** This source was right. */
  trust(source: PinSource, counter: string): void;
};

const mostListed = 5000;

type Parts = { store: Pick<Store, 'countUp' | 'countOf' | 'countersFrom' | 'uncount' | 'endCounters'>; clock: Clock };

const trustKey = ({ user, authServer, client }: PinSource): string => JSON.stringify([user, authServer, client]);

/** Opens the failures over the counters of the store. */
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
    async giveBack(counter, turn) {
      const beganQuiet = turn.kind === 'open' && turn.beginsQuietMs !== undefined;
      if (beganQuiet) quietUntil.delete(counter);
      await Promise.all([store.uncount([counter], 'one'), beganQuiet ? store.uncount([quietKey(counter)], 'all') : undefined]);
    },
    end,
    async quietNow(user) {
      const counters = await store.countersFrom(user === undefined ? beginning : userBeginning(user), clock(), mostListed);
      return counters
        .filter(({ key }) => key.endsWith(quietKey('')))
        .map(({ key, endsAt }) => ({ counter: key.slice(0, -quietKey('').length), until: endsAt }));
    },
    async pretend(user) {
      const now = clock();
      await store.countUp(`${counterOfNobody({ user, authServer: '' })} pretence`, now, now + pretenceMs);
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
