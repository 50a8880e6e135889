import { type Owner, type PushToken, type Result, refused } from '../../foundation/model/index.ts';
import { factsOf } from '../facts.ts';
import type { Asker, EngineParts } from '../parts.ts';
import { tokensOf } from '../people/person-key.ts';
import type { TokenAction } from '../records/change-token.ts';
import { type Offered, type OfferRequest, offerRollout } from './rollout.ts';
import { removeToken } from './token-admin.ts';
import { type Assigned, type Assignment, assignToken, unassignTokens } from './token-owner.ts';

/** How to record an act, and the act that undoes it if it exceeded a limit. */
export type ActWithUndo = { act: TokenAction; undo: TokenAction };

/**
 * The reason to refuse another token: the owner has the allowed number of all tokens, of tokens of this type, or of
 * enabled tokens of this type.
 */
export type TokenLimitRefusal = { kind: 'too-many-tokens'; counted: 'all' | 'type' | 'active'; type: string };

/** The owner whose tokens are counted, and the type of the wanted token. */
export type WantedToken = { asker: Asker; owner: Owner | undefined; type: string };

type Limit = { most: number | undefined; counts: (token: PushToken) => boolean; counted: TokenLimitRefusal['counted'] };

/**
 * The limit of tokens that an owner has reached; undefined if one more is allowed.
 * @param besides serial of a token that does not count
 */
export async function tokenLimit(parts: EngineParts, wanted: WantedToken, besides?: string): Promise<TokenLimitRefusal | undefined> {
  const { owner, type } = wanted;
  const limits = owner ? limitsOf(parts, wanted, owner) : [];
  if (!owner || limits.length === 0) return undefined;
  const others = (await tokensOf(parts, owner)).filter(({ serial }) => serial !== besides);
  const reached = limits.find(({ most = Number.POSITIVE_INFINITY, counts }) => others.filter(counts).length >= most);
  return reached && { kind: 'too-many-tokens', counted: reached.counted, type };
}

/** {@link TokenAdministration.offer}. */
export async function offerWithinLimits(
  parts: EngineParts,
  asker: Asker,
  request: OfferRequest,
  acts: ActWithUndo,
): Promise<Result<Offered, 'serial-taken' | 'too-long' | TokenLimitRefusal>> {
  const wanted = { asker, owner: request.owner, type: request.type };
  const before = await tokenLimit(parts, wanted);
  if (before) return refused(before);
  const made = await offerRollout(parts, request, acts.act);
  if (!made.ok) return made;
  const { token } = made.value;
  const afterwards = await tokenLimit(parts, wanted, token.serial);
  if (!afterwards) return made;
  await removeToken(parts, token, acts.undo);
  return refused(afterwards);
}

/** {@link TokenAdministration.assign}. */
export async function assignWithinLimits(
  parts: EngineParts,
  asker: Asker,
  change: Assignment & { serial: string },
  acts: ActWithUndo,
): Promise<Assigned | TokenLimitRefusal> {
  const { serial } = change;
  const token = await parts.store.findToken(serial);
  // A token that cannot be assigned at all is refused for that reason.
  if (!token || token.owner || token.revoked) return assignToken(parts, serial, change, acts.act);
  const wanted = { asker, owner: change.owner, type: token.type };
  const before = await tokenLimit(parts, wanted, serial);
  if (before) return before;
  const assigned = await assignToken(parts, serial, change, acts.act);
  const afterwards = assigned.kind === 'done' ? await tokenLimit(parts, wanted, serial) : undefined;
  if (!afterwards) return assigned;
  await unassignTokens(parts, [token], acts.undo);
  return afterwards;
}

function limitsOf(parts: EngineParts, { asker, type: tokenType }: WantedToken, owner: Owner): Limit[] {
  const { policy } = parts;
  const facts = { ...factsOf(parts, asker, owner), tokenType };
  const isType = ({ type }: PushToken): boolean => type === tokenType;
  const all: Limit[] = [
    { most: policy.value('max_token_per_user', facts), counts: () => true, counted: 'all' },
    { most: policy.value('push_max_token_per_user', facts), counts: isType, counted: 'type' },
    { most: policy.value('push_max_active_token_per_user', facts), counts: (token) => isType(token) && token.enabled, counted: 'active' },
  ];
  return all.filter(({ most }) => most !== undefined);
}
