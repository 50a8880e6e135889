import type { Context } from 'koa';
import { demandName } from '../../../foundation/model/index.ts';
import { limitFacts } from '../../formats/management/index.ts';
import { OperatorFault } from './errors.ts';
import { actingOperator, type OperatorParts, operatorOf } from './parts.ts';

/**
 * `GET /ops/limits?serial=…`: phones with recent unanswered pushes, muted phones, and logins that are quiet after wrong
 * PINs.
 */
export async function listLimits(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx);
  const { serial } = ctx.query;
  const of = serial === undefined ? undefined : demandName('The serial', String(serial));
  ctx.body = await limitFacts(parts.engine, of);
}

/** `DELETE /ops/limits/:serial`: clears the limits of this phone and the wrong PINs of its user. */
export async function clearLimits(parts: OperatorParts, ctx: Context): Promise<void> {
  const by = await actingOperator(parts, ctx);
  const serial = demandName('The serial', String(ctx.params.serial));
  if (!(await parts.engine.admission.clearPhone(by, serial))) throw new OperatorFault('not-found', `There is no push token ${serial}.`);
  ctx.body = { serial, cleared: true };
}
