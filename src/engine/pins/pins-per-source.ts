import type { PushToken } from '../../foundation/model/index.ts';
import { counterOf, counterOfUnknownUser, type GuessTreatment, type PinSource, readCounter } from '../limits/index.ts';
import type { Applicant, EngineParts } from '../parts.ts';
import { clientOf, isKnown } from '../people/known-clients.ts';
import { personKey } from '../people/person-key.ts';
import { withoutEnded } from '../records/failures.ts';

/** Highest fail count of a push token when failures lock nothing. */
const failureCeiling = 100;

/**
 * The result of a PIN: the matching push tokens. `exceeded`: all had failed too often, so the PIN was not checked, in
 * the time of a wrong one. `quiet`: after too many wrong PINs, neither the reply nor its time may reveal the matching
 * tokens.
 */
export type PinCheck = { kind: 'checked' | 'quiet'; matching: PushToken[] } | { kind: 'exceeded' };

/** The user and the source of a typed PIN. */
export type Typist = {
  /** Empty for a push token without an owner. */
  user: string;
  realm: string;
  authServer: string;
  /** The key of the client, if the auth server named one. */
  client: string | undefined;
  /** Identifies a push token without an owner. */
  serial: string | undefined;
};

/** The typist of an applicant's PIN. */
export const typistOf = (parts: EngineParts, { asker, user, realm }: Applicant, [first]: readonly PushToken[]): Typist => ({
  user,
  realm,
  authServer: asker.authServer,
  client: clientOf(parts, { asker, user, realm }),
  serial: first?.serial,
});

const withoutOwner = 'serial ';

/** The key for counting failures: the user, or the push token if it has no owner. */
const userKey = (parts: Pick<EngineParts, 'realms'>, { user, realm, serial = '' }: Pick<Typist, 'user' | 'realm' | 'serial'>): string =>
  user === '' ? `${withoutOwner}${serial}` : personKey(parts, { user, realm });

const sourceOf = (parts: EngineParts, typist: Typist): PinSource => ({
  user: userKey(parts, typist),
  authServer: typist.authServer,
  client: typist.client,
});

/** The failure counter for logins of this user from this source. */
export async function failuresOf(parts: EngineParts, typist: Typist): Promise<string> {
  return counterOf(sourceOf(parts, typist), await isKnown(parts, typist));
}

/** How to check a guess. */
export type GuessCheck = {
  /** Which of these push tokens it matches. */
  matches: (open: readonly PushToken[]) => Promise<readonly boolean[]>;
  /** The same, at a cost that does not depend on the result. */
  matchesEvenly: (open: readonly PushToken[]) => Promise<readonly boolean[]>;
  /** Spends the cost of a check. */
  spend: () => Promise<void>;
};

/**
 * Whether a PIN is known to be right for all these push tokens, from a source that was recently right here; no read.
 */
export function isKnownFrom(parts: EngineParts, typist: Typist, tokens: readonly PushToken[], pin: string): boolean {
  const counter = parts.pinFailures.trustedCounter(sourceOf(parts, typist));
  const isRight = ({ pinHash }: PushToken): boolean => (pinHash === undefined ? pin === '' : parts.passwords.remembers(pin, pinHash));
  return counter !== undefined && !parts.mutex.isBusy(counter) && tokens.length > 0 && tokens.every(isRight);
}

/**
 * One guess where each known client has a count of its own. Guesses of one counter run one after the other until it is
 * quiet; then none waits.
 */
export async function guessFrom(parts: EngineParts, typist: Typist, tokens: readonly PushToken[], check: GuessCheck): Promise<PinCheck> {
  const counter = await failuresOf(parts, typist);
  const limit = Math.min(...tokens.map(({ maxFail }) => maxFail));
  const checked = await parts.mutex(counter, async () => {
    const treatment = await parts.pinFailures.take(counter, limit);
    return treatment.kind === 'quiet' ? treatment.kind : guess(parts, { typist, counter, treatment }, tokens, check);
  });
  if (checked !== 'quiet') return checked;
  // Another gateway may have counted, so this one must not trust a cached PIN while the counter is quiet.
  parts.pinFailures.distrust(sourceOf(parts, typist));
  return { kind: 'quiet', matching: only(tokens, await check.matchesEvenly(tokens)) };
}

const only = (tokens: readonly PushToken[], right: readonly boolean[]): PushToken[] => tokens.filter((_, index) => right[index]);

type Guess = { typist: Typist; counter: string; treatment: GuessTreatment };

async function guess(
  parts: EngineParts,
  { typist, counter, treatment }: Guess,
  tokens: readonly PushToken[],
  check: GuessCheck,
): Promise<PinCheck> {
  const { pinFailures, settings, store, clock } = parts;
  const matching = only(tokens, await check.matches(tokens));
  if (matching.length > 0) {
    await pinFailures.giveBack(counter, treatment);
    pinFailures.trust(sourceOf(parts, typist), counter);
    return { kind: 'checked', matching };
  }
  pinFailures.distrust(sourceOf(parts, typist));
  if (settings.countWrongPins) await store.countFailure(serialsOf(tokens), clock(), failureCeiling);
  reportQuiet(parts, typist, treatment);
  return { kind: 'checked', matching };
}

const serialsOf = (tokens: readonly PushToken[]): string[] => tokens.map(({ serial }) => serial);

function reportQuiet({ tell }: EngineParts, { user, realm, authServer, serial }: Typist, treatment: GuessTreatment): void {
  if (treatment.kind === 'open' && treatment.beginsQuietMs !== undefined)
    tell({ kind: 'logins-quiet', authServer, forMs: treatment.beginsQuietMs, serials: serial === undefined ? [] : [serial], user, realm });
}

/**
 * Counts a guess at the PIN of an unknown user like any other, in one of a few counters, and spends its time.
 * @param spend spends the cost of a PIN check
 */
export async function guessForUnknownUser(parts: EngineParts, typist: Typist, spend: () => Promise<void>): Promise<'checked' | 'quiet'> {
  const { pinFailures, settings, mutex } = parts;
  // The same read as for an existing user.
  await isKnown(parts, typist);
  const counter = counterOfUnknownUser(sourceOf(parts, typist));
  const treatment = await mutex(counter, () => pinFailures.take(counter, settings.maxFailCount));
  await spend();
  if (treatment.kind === 'quiet') return 'quiet';
  // The same write as the fail count of a push token.
  if (settings.countWrongPins) await pinFailures.pretend(counter);
  return 'checked';
}

/** Counts a failure other than a wrong PIN; too many of them begin a quiet time too. */
export async function countFailures(parts: EngineParts, tokens: readonly PushToken[], typist: Typist): Promise<void> {
  const { store, pinFailures, settings, clock } = parts;
  const serials = serialsOf(await withoutEnded(parts, tokens));
  if (settings.lockout === 'token') return store.countFailure(serials, clock());
  const limit = Math.min(...tokens.map(({ maxFail }) => maxFail), settings.maxFailCount);
  const [counter] = await Promise.all([failuresOf(parts, typist), store.countFailure(serials, clock(), failureCeiling)]);
  reportQuiet(parts, typist, await pinFailures.take(counter, limit));
}

/**
 * Quiet logins: of this user (names as they are compared), or of the push token `serial` without an owner; with
 * `authServer`, those from unknown clients there.
 */
export type QuietLogins = { user: string; realm: string; serial?: string; authServer?: string; until: number };

/** The logins that are quiet now, of all users or of one push token's owner. */
export async function quietLogins(
  parts: Pick<EngineParts, 'realms' | 'pinFailures'>,
  token?: Pick<PushToken, 'serial' | 'owner'>,
): Promise<QuietLogins[]> {
  const quiet = await parts.pinFailures.quietNow(token && ownerKey(parts, token));
  return quiet.flatMap(({ counter, until }) => {
    const read = readCounter(counter);
    if (!read) return [];
    const { user: key, ...from } = read;
    const [, realm = '', user = ''] = key.split('\n');
    return [{ user, realm, ...(user === '' ? { serial: key.slice(withoutOwner.length) } : {}), ...from, until }];
  });
}

const ownerKey = (parts: Pick<EngineParts, 'realms'>, { owner, serial }: Pick<PushToken, 'serial' | 'owner'>): string =>
  userKey(parts, { user: owner?.user ?? '', realm: owner?.realm ?? '', serial });

/** Clears the counters of these push tokens' owners, or of the tokens without one. */
export async function endFailures(
  parts: Pick<EngineParts, 'realms' | 'pinFailures'>,
  tokens: readonly Pick<PushToken, 'serial' | 'owner'>[],
): Promise<void> {
  const users = tokens.map((token) => ownerKey(parts, token));
  await Promise.all([...new Set(users)].map((user) => parts.pinFailures.endAll(user)));
}
