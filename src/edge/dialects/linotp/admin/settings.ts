import type { Context } from 'koa';
import { LinotpFault, readLinotpRequest, sendLinotp } from '../../../formats/linotp/index.ts';
import { publishActRefusal } from '../../../http/index.ts';
import { adminOf } from '../caller.ts';
import { askerFor, type LinotpParts } from '../parts.ts';

/** `/system/getConfig`: a setting by its `key`, or null; without a key all settings. */
export async function getConfig(parts: LinotpParts, ctx: Context): Promise<void> {
  const params = await readLinotpRequest(ctx);
  await adminOf(parts, ctx, 'operate');
  const key = params.text('key');
  const found = key !== undefined && Object.hasOwn(parts.settings, key) ? parts.settings[key] : null;
  sendLinotp(ctx, parts.product, { id: 1, value: key === undefined ? parts.settings : { [`getConfig ${key}`]: found } });
}

/** Publishes that an act is not available through this interface, after checking the administrator. */
export async function refuseHere(parts: LinotpParts, ctx: Context): Promise<void> {
  const admin = await adminOf(parts, ctx, 'operate');
  publishActRefusal(parts, askerFor(parts, ctx), { admin, act: 'operate', reason: 'not-here' });
}

/**
 * `/system/setPolicy`, `delPolicy`, `setConfig`, `delConfig`: refused; these are set in the configuration file only.
 */
export async function changeConfig(parts: LinotpParts, ctx: Context): Promise<void> {
  await readLinotpRequest(ctx);
  await refuseHere(parts, ctx);
  throw new LinotpFault('policy', 'Policies and settings of this gateway stand in its configuration file; change them there.');
}
