import type { Context } from 'koa';
import { z } from 'zod';
import { type Asked, type ListFilter, ownerOf } from '../../../engine/index.ts';
import type { PushToken } from '../../../foundation/model/index.ts';
import { mayAct } from '../../http/index.ts';
import { OperatorFault } from './errors.ts';
import { administratorOf, askerFor, iso, isoOr, type OperatorParts, readQuery } from './parts.ts';
import { addressesOf, tokenOf } from './token-addresses.ts';

const name = z.string().trim().min(1).max(256);
const wish = z.strictObject({
  user: name.optional(),
  realm: name.optional(),
  serial: name.optional(),
  type: name.optional(),
  rolloutState: z.enum(['offered', 'paired', 'activating', 'enrolled']).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  offset: z.coerce.number().int().min(0).max(1_000_000_000).default(0),
});

/**
 * `GET /ops/tokens?user&realm&serial&type&rolloutState&limit&offset`: push tokens by serial, and `count`, their number
 * on all pages. `*` in `user` and `serial` matches any text. Lists only realms in which policies give the right
 * `tokenlist`.
 */
export async function listTokens(parts: OperatorParts, ctx: Context): Promise<void> {
  const admin = await administratorOf(parts, ctx, 'tokenlist');
  const { limit, offset, ...asked } = readQuery(ctx, wish);
  const inRealms = parts.engine.admission.realmsOpenTo(askerFor(parts, ctx), admin, 'tokenlist');
  const page = { offset, limit, sortBy: 'serial' as const, descending: false };
  const { count, tokens } = await parts.engine.people.listTokens({ ...(await filterOf(parts, asked)), inRealms }, page);
  ctx.body = { count, tokens: tokens.map(tokenRow) };
}

async function filterOf({ engine }: OperatorParts, asked: Omit<z.output<typeof wish>, 'limit' | 'offset'>): Promise<ListFilter> {
  const { user, realm, serial, type, rolloutState: rollout } = asked;
  const named = engine.admission.resolveName({}, { name: user ?? '', realm });
  if (named === 'foreign') throw new OperatorFault('not-found', `There is no realm ${realm}.`);
  const more = { serial, type, rollout };
  if (user === undefined) return { ...more, realm: realm === undefined ? undefined : named.realm };
  return { ...more, of: user.includes('*') ? named : await askedUser(engine, named) };
}

/** The user as a source knows them; only the name if no source knows it or answers. */
async function askedUser({ people }: OperatorParts['engine'], { user, realm }: { user: string; realm: string }): Promise<Asked> {
  const record = await people.recordOf(user, realm);
  return record ? { ...ownerOf(record, realm), typed: user } : { user, realm };
}

/** A push token in a list. */
const tokenRow = (token: PushToken) => ({
  serial: token.serial,
  type: token.type,
  user: token.owner?.user,
  realm: token.owner?.realm,
  rolloutState: token.rollout,
  enabled: token.enabled,
  revoked: token.revoked,
  locked: token.failCount >= token.maxFail,
  failures: token.failCount,
  lastLogin: isoOr(token.lastLogin?.at),
});

/**
 * `GET /ops/tokens/:serial`: the details of a push token. Device addresses appear by id; keys, credentials and the PIN
 * are left out.
 */
export async function showToken(parts: OperatorParts, ctx: Context): Promise<void> {
  const admin = await administratorOf(parts, ctx, 'tokenlist');
  const token = await tokenOf(parts, ctx);
  // A push token of another administrator's realm gets the same reply as a missing one.
  if (!mayAct(parts, askerFor(parts, ctx), { admin, right: 'tokenlist', realms: token.realms }))
    throw new OperatorFault('not-found', `There is no push token ${token.serial}.`);
  ctx.body = {
    ...tokenRow(token),
    resolver: token.owner?.resolver || undefined,
    realms: token.realms,
    description: token.description,
    maxFailures: token.maxFail,
    lockedSince: isoOr(token.exceededAt),
    hasPin: token.pinHash !== undefined,
    logins: token.loginCount,
    createdAt: iso(token.createdAt),
    validFrom: isoOr(token.validFrom),
    validUntil: isoOr(token.validUntil),
    provider: token.provider,
    mount: token.mount,
    registrationUrl: token.registrationUrl,
    phone: { protocol: token.phone.protocol, flavour: token.phone.flavour, capabilities: token.capabilities },
    notes: token.info ?? {},
    addresses: addressesOf(token),
  };
}
