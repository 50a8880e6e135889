import type { Context } from 'koa';
import { z } from 'zod';
import { maxAddresses } from '../../../engine/index.ts';
import { demandName, type PushToken } from '../../../foundation/model/index.ts';
import { addressesOf } from '../../formats/management/index.ts';
import { OperatorFault } from './errors.ts';
import { actingOperator, type OperatorParts, operatorOf, readJson } from './parts.ts';

/** The push token in the path. Refused if there is none. */
export async function tokenOf({ engine }: OperatorParts, ctx: Context): Promise<PushToken> {
  const serial = demandName('The serial', String(ctx.params.serial));
  const token = await engine.tokens.find(serial);
  if (!token) throw new OperatorFault('not-found', `There is no push token ${serial}.`);
  return token;
}

/** `GET /ops/tokens/:serial/addresses`: the addresses of a phone, including dead ones. */
export async function listAddresses(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx);
  const token = await tokenOf(parts, ctx);
  ctx.body = { serial: token.serial, addresses: addressesOf(token) };
}

const newAddress = z.strictObject({ kind: z.enum(['fcm', 'apns', 'gda', 'webpush']), value: z.string().min(1) });

/**
 * `POST /ops/tokens/:serial/addresses` `{"kind", "value"}`: adds an address to those that the phone sent; 400 for an
 * invalid one.
 */
export async function addTokenAddress(parts: OperatorParts, ctx: Context): Promise<void> {
  const acts = parts.engine.administration(await actingOperator(parts, ctx));
  const address = await readJson(ctx, newAddress);
  const { serial } = await tokenOf(parts, ctx);
  const added = await acts.addAddress(serial, address);
  if (added.kind === 'refused') throw new OperatorFault('bad-request', added.why);
  if (added.kind === 'full')
    throw new OperatorFault('bad-request', `A push token has ${maxAddresses} addresses at most; remove one first.`);
  if (added.kind === 'gone') throw new OperatorFault('not-found', `There is no push token ${serial}.`);
  ctx.body = { serial, id: added.id };
}

/** `DELETE /ops/tokens/:serial/addresses/:id`. */
export async function removeTokenAddress(parts: OperatorParts, ctx: Context): Promise<void> {
  const acts = parts.engine.administration(await actingOperator(parts, ctx));
  const { serial } = await tokenOf(parts, ctx);
  if (!(await acts.removeAddress(serial, String(ctx.params.id))))
    throw new OperatorFault('not-found', `Push token ${serial} has no address ${String(ctx.params.id)}.`);
  ctx.body = { serial, removed: true };
}
