import type { Challenge, Decision, Effect, EventKind, Transaction } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { carryOut, effectLeaseMs } from './effects.ts';
import { statusOf } from './status.ts';

type Publication = Extract<Effect, { kind: 'event-published' }>;

const answered: Partial<Record<Challenge['state'], EventKind>> = {
  accepted: 'challenge.accepted',
  declined: 'challenge.declined',
  locked: 'challenge.locked',
  'code-shown': 'challenge.code_shown',
};
const ended: Partial<Record<Decision['state'], EventKind>> = { withdrawn: 'challenge.withdrawn', consumed: 'challenge.consumed' };

/** A decision has at most so many events; positions leave room for them. */
const positionsPerVersion = 100;

/** The events of a decision for the auth server, if anybody wants them. */
export const wantedPublications = ({ publisher }: EngineParts, before: Transaction, next: Decision, now: number): Effect[] =>
  before.kind === 'login' && publisher.isWanted(before.authServer) ? publicationsOf(before, next, now) : [];

/** The events of a decision on a login. Those of a quiet login reveal only an accept. */
export function publicationsOf(before: Transaction, next: Decision, now: number): Effect[] {
  const changed = next.challenges.filter(({ state }, index) => state !== before.decision.challenges[index]?.state);
  const answers = changed.flatMap(({ serial, state, declineReason }): [EventKind, Publication['data']][] => {
    const event = answered[state];
    if (event === undefined || (next.rule.quiet && state !== 'accepted')) return [];
    return [[event, { serial, ...(state === 'declined' ? { reason: declineReason ?? 'declined' } : {}) }]];
  });
  const end = next.state === before.decision.state ? undefined : ended[next.state];
  const events = end === undefined ? answers : [...answers, [end, {}] as const];
  const status = statusOf({ ...before, decision: next }, now);
  return events.map(([event, data], index): Publication => {
    const position = next.version * positionsPerVersion + index;
    const { id, authServer } = before;
    return { id: `${id}:${position}`, kind: 'event-published', authServer, at: now, event, position, data: { id, status, ...data } };
  });
}

/** The events of a new login, and the watch for its expiry. */
function creationEffects({ id, authServer, createdAt, decision }: Transaction): Effect[] {
  const data = { id, status: 'pending' };
  const created = {
    id: `${id}:0`,
    kind: 'event-published',
    authServer,
    at: createdAt,
    event: 'challenge.created',
    position: 0,
    data,
  } as const;
  return [created, { id: `${id}:expiry`, kind: 'expiry-watched', authServer, finishUntil: decision.finishUntil }];
}

/** Stores a new transaction together with its events, if anybody wants them; `taken` as in the store. */
export async function addTransaction(parts: EngineParts, transaction: Transaction): Promise<'added' | 'taken'> {
  const isWanted = transaction.kind === 'login' && parts.publisher.isWanted(transaction.authServer);
  const effects = isWanted ? creationEffects(transaction) : [];
  const added = await parts.store.addTransaction(transaction, effects, parts.clock() + effectLeaseMs);
  if (added === 'added' && effects.length > 0) void parts.background.run('effects', () => carryOut(parts, transaction.id, effects));
  return added;
}
