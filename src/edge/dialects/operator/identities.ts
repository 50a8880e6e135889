import type { Context } from 'koa';
import { z } from 'zod';
import { demandName } from '../../../foundation/model/index.ts';
import { iso } from '../../formats/management/index.ts';
import { OperatorFault } from './errors.ts';
import { actingOperator, type OperatorParts, operatorOf, readQuery } from './parts.ts';

const text = z.string().min(1).max(256);
const wish = z.strictObject({
  realm: text.optional(),
  after: text.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/**
 * `GET /ops/identities?realm&after&limit`: which subject of which issuer belongs to which user of a realm, by id. `after`
 * is the id of the last one of the previous page.
 */
export async function listIdentities(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx);
  const { realm, after, limit } = readQuery(ctx, wish);
  const resolved = parts.engine.realms.resolve('', realm);
  if (resolved === 'unknown-realm') throw new OperatorFault('not-found', `There is no realm ${realm}.`);
  const found = await parts.engine.identities.list(resolved.realm, after, limit);
  ctx.body = { identities: found.map(({ at, ...identity }) => ({ ...identity, since: iso(at) })) };
}

/** `DELETE /ops/identities/:id`: frees an identity, such as that of a user who was renamed. */
export async function removeIdentity(parts: OperatorParts, ctx: Context): Promise<void> {
  const by = await actingOperator(parts, ctx);
  const id = demandName('The id of the identity', String(ctx.params.id));
  if (!(await parts.engine.identities.remove(by, id))) throw new OperatorFault('not-found', 'There is no such identity (any more).');
  ctx.body = { id, removed: true };
}
