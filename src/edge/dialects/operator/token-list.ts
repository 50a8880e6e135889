import type { Context } from 'koa';
import { z } from 'zod';
import { nameField, tokenFacts, tokenFilter, tokenRow } from '../../formats/management/index.ts';
import { mayAct } from '../../http/index.ts';
import { OperatorFault } from './errors.ts';
import { administratorOf, askerFor, type OperatorParts, readQuery } from './parts.ts';
import { tokenOf } from './token-addresses.ts';

const wish = z.strictObject({
  user: nameField.optional(),
  realm: nameField.optional(),
  serial: nameField.optional(),
  type: nameField.optional(),
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
  const filter = await tokenFilter(parts.engine, {}, asked);
  if (filter === 'foreign') throw new OperatorFault('not-found', `There is no realm ${asked.realm}.`);
  const { count, tokens } = await parts.engine.people.listTokens({ ...filter, inRealms }, page);
  ctx.body = { count, tokens: tokens.map(tokenRow) };
}

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
  ctx.body = tokenFacts(token);
}
