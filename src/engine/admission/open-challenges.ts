import type { PushToken, Transaction } from '../../foundation/model/index.ts';
import { largestLimit, pushLimit } from '../../policy/index.ts';
import { applyEvent } from '../decisions/apply.ts';
import { factsOf } from '../facts.ts';
import type { Asker, EngineParts } from '../parts.ts';
import { isKnown } from '../people/known-clients.ts';

/** How many open challenges are examined to make room. Older ones are shown to no phone and end by time. */
const maxExamined = 64;

/**
 * How many open challenges a phone is shown and may answer: the most that any rule allows. Undefined when a rule allows
 * any number.
 */
export const maxOpenChallenges = ({ policy }: Pick<EngineParts, 'policy'>): number | undefined =>
  largestLimit(policy, 'push_open_challenges');

/** A login that waits for one phone. */
export type Waiting = {
  id: string;
  /** The key of the client; all logins of an auth server without one share a key. */
  client: string;
  /** Epoch ms. */
  since: number;
  rings: boolean;
  /** Whether the client is known. */
  isKnown: boolean;
};

/**
 * The logins (oldest first) that must end so that at most `most` remain: repeatedly the oldest one of the client with
 * most logins, known clients last. Logins that rang less than `rangMs` ago stay. If none may end, the newcomer does.
 */
export function displacedBy(
  newcomer: string,
  waiting: readonly Waiting[],
  { most, rangMs, now }: { most: number; rangMs: number; now: number },
): string[] {
  const gone: string[] = [];
  let left = [...waiting];
  while (left.length > most && !gone.includes(newcomer)) {
    const held = (client: string): number => left.filter((each) => each.client === client).length;
    const [next] = left
      .filter(({ id, rings, since }) => id !== newcomer && !(rings && now - since < rangMs))
      .sort(
        (one, other) => Number(one.isKnown) - Number(other.isKnown) || held(other.client) - held(one.client) || one.since - other.since,
      );
    const goes = next?.id ?? newcomer;
    gone.push(goes);
    left = left.filter(({ id }) => id !== goes);
  }
  return gone;
}

type NewLogin = { transaction: Transaction; token: PushToken; asker: Asker };

/**
 * When the phone of this push token will have room again (epoch ms); undefined when it has room now, because others
 * were ended.
 */
async function roomFor(parts: EngineParts, { transaction, token, asker }: NewLogin): Promise<number | undefined> {
  const { policy, store, clock } = parts;
  const facts = factsOf(parts, asker, token.owner, token);
  const most = pushLimit(policy, 'push_open_challenges', facts);
  if (most === 0) return undefined;
  const rangMs = pushLimit(policy, 'push_open_rang_seconds', facts) * 1000;
  const { serial } = token;
  const open = (await store.openTransactionsOf(serial, clock(), maxExamined)).filter((each) => isWaitingFor(each, serial));
  if (open.length <= most) return undefined;
  const waiting = await Promise.all(open.map((each) => waitingOf(parts, each, serial)));
  const gone = displacedBy(transaction.id, waiting, { most, rangMs, now: clock() });
  for (const each of open.filter(({ id }) => gone.includes(id) && id !== transaction.id)) await displace(parts, each, serial);
  return gone.includes(transaction.id) ? Math.min(...waiting.filter(({ rings }) => rings).map(({ since }) => since)) + rangMs : undefined;
}

/** Enrolments, activations, and logins that the phone has already answered neither count nor end. */
const isWaitingFor = ({ kind, decision }: Transaction, of: string): boolean =>
  kind === 'login' && decision.challenges.some(({ serial, state }) => serial === of && state === 'pending');

async function waitingOf(parts: EngineParts, transaction: Transaction, of: string): Promise<Waiting> {
  const { id, client, authServer, createdAt, decision } = transaction;
  const rings = decision.challenges.some((each) => each.serial === of && each.rings === true);
  return { id, client: client ?? `none of ${authServer}`, since: createdAt, rings, isKnown: await isKnown(parts, transaction) };
}

async function displace(parts: EngineParts, transaction: Transaction, serial: string): Promise<Transaction> {
  const { id, authServer, user, realm } = transaction;
  const act = { kind: 'challenge-displaced', authServer, transaction: id, serial, user, realm } as const;
  return (await applyEvent(parts, transaction, { kind: 'displaced', serial }, act)).transaction;
}

/** A stored login with the tokens that have room; `limited` when no phone has, and then the login is over. */
export type Admitted = { transaction: Transaction; tokens: PushToken[] } | { kind: 'limited'; because: 'open'; retryMs: number };

/**
 * Ensures that a stored login gives no phone more open challenges than policies allow, before any phone rings. It
 * checks after storing, so that of two gateways at least one sees the login of the other.
 */
export async function makeRoom(
  parts: EngineParts,
  { transaction, tokens, asker }: { transaction: Transaction; tokens: readonly PushToken[]; asker: Asker },
): Promise<Admitted> {
  const [first] = tokens;
  if (transaction.kind !== 'login' || !first) return { transaction, tokens: [...tokens] };
  return parts.mutex(`open ${first.serial}`, async () => {
    const found = await Promise.all(tokens.map(async (token) => ({ token, until: await roomFor(parts, { transaction, token, asker }) })));
    let now = transaction;
    for (const { token } of found.filter(({ until }) => until !== undefined)) now = await displace(parts, now, token.serial);
    const admitted = found.flatMap(({ token, until }) => (until === undefined ? [token] : []));
    if (admitted.length > 0) return { transaction: now, tokens: admitted };
    const soonest = Math.min(...found.flatMap(({ until }) => until ?? []));
    return { kind: 'limited', because: 'open', retryMs: Math.max(1000, soonest - parts.clock()) };
  });
}
