import type { Context } from 'koa';
import { demandName } from '../../../foundation/model/index.ts';
import { OperatorFault } from './errors.ts';
import { actingOperator, type OperatorParts, operatorOf } from './parts.ts';

/** `GET /ops/limits?serial=…`: the phones that rang without a yes lately, and those that ring no more for a while. */
export async function listLimits(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx);
  const { serial } = ctx.query;
  const phones = await parts.engine.admission.limitedPhones(serial === undefined ? undefined : demandName('The serial', String(serial)));
  ctx.body = {
    phones: phones.map(({ mutedUntil, ...phone }) => ({
      ...phone,
      mutedUntil: mutedUntil === undefined ? undefined : new Date(mutedUntil).toISOString(),
    })),
  };
}

/** `DELETE /ops/limits/:serial`: this phone may ring as if nothing had been asked of it. */
export async function clearLimits(parts: OperatorParts, ctx: Context): Promise<void> {
  const by = await actingOperator(parts, ctx);
  const serial = demandName('The serial', String(ctx.params.serial));
  if (!(await parts.engine.admission.clearPhone(by, serial))) throw new OperatorFault('not-found', `There is no push token ${serial}.`);
  ctx.body = { serial, cleared: true };
}
