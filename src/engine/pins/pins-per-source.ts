import type { PushToken } from '../../foundation/model/index.ts';
import { counterOf, counterOfNobody, type PinSource, readCounter, type Turn } from '../limits/index.ts';
import type { Applicant, EngineParts } from '../parts.ts';
import { clientOf, isKnown } from '../people/known-clients.ts';
import { personKey } from '../people/person-key.ts';
import { withoutEnded } from '../records/failures.ts';

/** Most failures that a push token shows where they lock nothing. */
const failureCeiling = 100;

/**
 * What a PIN came to: the push tokens it opens. `exceeded`: all of them failed too often before, and the PIN was not even looked at, in the time of a wrong one.
 * `quiet`: there were too many wrong ones, and neither the reply nor its time may tell which of them it opens.
 */
export type PinCheck = { kind: 'checked' | 'quiet'; matching: PushToken[] } | { kind: 'exceeded' };

/** Whose PIN is typed, and through whom it came. Names are empty for a push token without an owner, which its `serial` stands for. */
export type Typist = { user: string; realm: string; authServer: string; client: string | undefined; serial: string | undefined };

/** A user, and the asker that a login of theirs comes through, as who types a PIN. */
export const typistOf = (parts: EngineParts, { asker, user, realm }: Applicant, [first]: readonly PushToken[]): Typist => ({
  user,
  realm,
  authServer: asker.authServer,
  client: clientOf(parts, { asker, user, realm }),
  serial: first?.serial,
});

const withoutOwner = 'serial ';

/** What failures are counted by: the user, else the push token. */
const userKey = (parts: Pick<EngineParts, 'realms'>, { user, realm, serial = '' }: Pick<Typist, 'user' | 'realm' | 'serial'>): string =>
  user === '' ? `${withoutOwner}${serial}` : personKey(parts, { user, realm });

const sourceOf = (parts: EngineParts, typist: Typist): PinSource => ({
  user: userKey(parts, typist),
  authServer: typist.authServer,
  client: typist.client,
});

/** The counter of failures that a login of this user from there has. */
export async function failuresOf(parts: EngineParts, typist: Typist): Promise<string> {
  return counterOf(sourceOf(parts, typist), await isKnown(parts, typist));
}

/** How a guess is looked at: `opens` says which of these push tokens it opens; `opensEvenly` the same, and costs as much whatever it says. */
export type Look = {
  opens: (open: readonly PushToken[]) => Promise<readonly boolean[]>;
  opensEvenly: (open: readonly PushToken[]) => Promise<readonly boolean[]>;
  spend: () => Promise<void>;
};

/** The counter that a PIN is known to be right under, for all of these push tokens and from a source that was right here lately; it costs nothing. */
export function isKnownFrom(parts: EngineParts, typist: Typist, tokens: readonly PushToken[], pin: string): boolean {
  const counter = parts.pinFailures.trustedCounter(sourceOf(parts, typist));
  const isRight = ({ pinHash }: PushToken): boolean => (pinHash === undefined ? pin === '' : parts.passwords.remembers(pin, pinHash));
  return counter !== undefined && !parts.turns.isBusy(counter) && tokens.length > 0 && tokens.every(isRight);
}

/** One guess where a known client has a count of its own. Those of one counter go one after the other until it is quiet: then nobody waits for anybody. */
export async function guessFrom(parts: EngineParts, typist: Typist, tokens: readonly PushToken[], look: Look): Promise<PinCheck> {
  const counter = await failuresOf(parts, typist);
  const limit = Math.min(...tokens.map(({ maxFail }) => maxFail));
  const checked = await parts.turns(counter, async () => {
    const turn = await parts.pinFailures.take(counter, limit);
    return turn.kind === 'quiet' ? turn.kind : guess(parts, { typist, counter, turn }, tokens, look);
  });
  if (checked !== 'quiet') return checked;
  // Another gateway may have counted: this one must know no PIN by heart while others are told nothing of theirs.
  parts.pinFailures.distrust(sourceOf(parts, typist));
  return { kind: 'quiet', matching: only(tokens, await look.opensEvenly(tokens)) };
}

const only = (tokens: readonly PushToken[], right: readonly boolean[]): PushToken[] => tokens.filter((_, index) => right[index]);

type Guess = { typist: Typist; counter: string; turn: Turn };

async function guess(parts: EngineParts, { typist, counter, turn }: Guess, tokens: readonly PushToken[], look: Look): Promise<PinCheck> {
  const { pinFailures, settings, store, clock } = parts;
  const matching = only(tokens, await look.opens(tokens));
  if (matching.length > 0) {
    await pinFailures.giveBack(counter, turn);
    pinFailures.trust(sourceOf(parts, typist), counter);
    return { kind: 'checked', matching };
  }
  pinFailures.distrust(sourceOf(parts, typist));
  if (settings.countWrongPins) await store.countFailure(serialsOf(tokens), clock(), failureCeiling);
  tellQuiet(parts, typist, turn);
  return { kind: 'checked', matching };
}

const serialsOf = (tokens: readonly PushToken[]): string[] => tokens.map(({ serial }) => serial);

function tellQuiet({ tell }: EngineParts, { user, realm, authServer, serial }: Typist, turn: Turn): void {
  if (turn.kind === 'open' && turn.beginsQuietMs !== undefined)
    tell({ kind: 'logins-quiet', authServer, forMs: turn.beginsQuietMs, serials: serial === undefined ? [] : [serial], user, realm });
}

/**
 * Counts a guess at nobody's PIN as one at somebody's, in one of a few counters, and spends its time.
 * @param spend costs what looking at a PIN does
 */
export async function guessAtNobody(parts: EngineParts, typist: Typist, spend: () => Promise<void>): Promise<'checked' | 'quiet'> {
  const { pinFailures, settings, turns } = parts;
  // As one who is somebody is looked for.
  await isKnown(parts, typist);
  const counter = counterOfNobody(sourceOf(parts, typist));
  const turn = await turns(counter, () => pinFailures.take(counter, settings.maxFailCount));
  await spend();
  if (turn.kind === 'quiet') return 'quiet';
  // As the fail count of a push token is raised, where there is one.
  if (settings.countWrongPins) await pinFailures.pretend(counter);
  return 'checked';
}

/** Counts a failure that is no wrong PIN; whoever fails so too often is quiet as well. */
export async function countFailures(parts: EngineParts, tokens: readonly PushToken[], typist: Typist): Promise<void> {
  const { store, pinFailures, settings, clock } = parts;
  const serials = serialsOf(await withoutEnded(parts, tokens));
  if (settings.lockout === 'token') return store.countFailure(serials, clock());
  const limit = Math.min(...tokens.map(({ maxFail }) => maxFail), settings.maxFailCount);
  const [counter] = await Promise.all([failuresOf(parts, typist), store.countFailure(serials, clock(), failureCeiling)]);
  tellQuiet(parts, typist, await pinFailures.take(counter, limit));
}

/** Logins that are quiet: of whom, by names as they are compared, or of the push token without an owner; `authServer`: of all clients there but the known ones. */
export type QuietLogins = { user: string; realm: string; serial?: string; authServer?: string; until: number };

/** The logins that are quiet now, of everybody or of the owner of one push token. */
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

/** Ends all that was counted of the owners of these push tokens, or of themselves where they have none. */
export async function endFailures(
  parts: Pick<EngineParts, 'realms' | 'pinFailures'>,
  tokens: readonly Pick<PushToken, 'serial' | 'owner'>[],
): Promise<void> {
  const users = tokens.map((token) => ownerKey(parts, token));
  await Promise.all([...new Set(users)].map((user) => parts.pinFailures.endAll(user)));
}
