import type { Asker } from '../../../engine/index.ts';
import type { Owner, PushToken } from '../../../foundation/model/index.ts';
import { PiFault } from '../../formats/privacyidea/index.ts';
import type { PrivacyideaParts } from './parts.ts';

type Limit = { most: number | undefined; counts: (token: PushToken) => boolean; what: string };

/** Whose tokens are counted, and which type of token is to come. */
export type Wanted = { asker: Asker; owner: Owner | undefined; type: string };

/** What an owner has as many of as policies allow, not counting the token `besides`; undefined where one more may be made. */
export async function limitReached(parts: PrivacyideaParts, wanted: Wanted, besides?: string): Promise<string | undefined> {
  const { owner } = wanted;
  const limits = owner ? limitsOf(parts, wanted, owner) : [];
  if (!owner || limits.length === 0) return undefined;
  const others = (await parts.engine.tokensOf(owner.user, owner.realm)).filter(({ serial }) => serial !== besides);
  return limits.find(({ most = Number.POSITIVE_INFINITY, counts }) => others.filter(counts).length >= most)?.what;
}

/**
 * Makes a push token unless its owner would have more than policies allow; throws 303 then. It looks before and, since another gateway may make one
 * at the same moment, once more afterwards: of two that come at once both may be refused, and never both stay. What a crash leaves between is
 * a token whose credential nobody was told.
 * @see docs/policies.md
 */
export async function withinLimits<T extends { ok: true; value: { token: PushToken } } | { ok: false }>(
  parts: PrivacyideaParts,
  wanted: Wanted,
  make: () => Promise<T>,
): Promise<T> {
  const before = await limitReached(parts, wanted);
  if (before !== undefined) throw tooMany(before);
  const made = await make();
  if (!made.ok) return made;
  const { serial } = made.value.token;
  const afterwards = await limitReached(parts, wanted, serial);
  if (afterwards === undefined) return made;
  await parts.engine.removeToken(serial);
  throw tooMany(afterwards);
}

/**
 * Assigns a push token unless its owner to be would have more than policies allow; throws 303 then. It looks before and afterwards, as
 * `withinLimits` does; what was one too many is unassigned again, and its PIN is gone.
 */
export async function assignWithinLimits<T extends { kind: string }>(
  parts: PrivacyideaParts,
  { token, ...wanted }: Omit<Wanted, 'type'> & { token: PushToken | undefined },
  assign: () => Promise<T>,
): Promise<T> {
  // What cannot be assigned at all is refused for that reason.
  if (!token || token.owner || token.revoked) return assign();
  const { type, serial } = token;
  const before = await limitReached(parts, { ...wanted, type }, serial);
  if (before !== undefined) throw tooMany(before);
  const assigned = await assign();
  const afterwards = assigned.kind === 'done' ? await limitReached(parts, { ...wanted, type }, serial) : undefined;
  if (afterwards === undefined) return assigned;
  await parts.engine.unassignTokens([token]);
  throw tooMany(afterwards);
}

function limitsOf({ engine }: PrivacyideaParts, { asker, type: tokenType }: Wanted, owner: Owner): Limit[] {
  const facts = { ...engine.facts(asker, owner), tokenType };
  const isPush = ({ type }: PushToken): boolean => type === tokenType;
  const all: Limit[] = [
    { most: engine.policy.value('max_token_per_user', facts), counts: () => true, what: 'tokens' },
    { most: engine.policy.value('push_max_token_per_user', facts), counts: isPush, what: `tokens of type ${tokenType}` },
    {
      most: engine.policy.value('push_max_active_token_per_user', facts),
      counts: (token) => isPush(token) && token.enabled,
      what: `active tokens of type ${tokenType}`,
    },
  ];
  return all.filter(({ most }) => most !== undefined);
}

const tooMany = (what: string): PiFault => new PiFault('policy', `The number of ${what} for this user is limited!`);
