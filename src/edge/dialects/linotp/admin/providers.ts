import type { Context } from 'koa';
import type { Engine } from '../../../../engine/index.ts';
import { LinotpFault, type LinotpParams, readLinotpRequest, sendLinotp } from '../../../formats/linotp/index.ts';
import { adminOf } from '../caller.ts';
import type { LinotpParts } from '../parts.ts';
import { refuseHere } from './settings.ts';

const types = ['push', 'sms', 'email', 'voice'];
const checkLimitMs = 10_000;

type Provider = ReturnType<Engine['providers']['status']>[number];

/**
 * The providers of a type; this gateway has push providers only. Throws 905 without a type, -311 for an unknown one.
 */
function providersOf({ engine }: LinotpParts, params: LinotpParams): readonly Provider[] {
  const type = params.required('type');
  if (!types.includes(type)) throw new LinotpFault('untyped', `unknown provider type '${type}'`);
  return type === 'push' ? engine.providers.status() : [];
}

/**
 * `/system/getProvider`: the providers, in LinOTP's form for managed ones: their settings are in the configuration file
 * and not shown.
 * @see docs/protocols/linotp.md 2
 */
export async function getProvider(parts: LinotpParts, ctx: Context): Promise<void> {
  const params = await readLinotpRequest(ctx);
  await adminOf(parts, ctx, 'operate');
  const name = params.text('name');
  const shown = providersOf(parts, params).filter((provider) => name === undefined || provider.name === name);
  sendLinotp(ctx, parts.product, { id: 1, value: Object.fromEntries(shown.map((provider) => [provider.name, definitionOf(provider)])) });
}

const definitionOf = ({ kind, default: isDefault }: Provider) => ({
  Class: kind === 'challenge-service' ? 'DefaultPushProvider' : kind,
  Timeout: '',
  Managed: true,
  Default: isDefault,
});

/**
 * `/system/testProvider`: checks the credentials of a provider without a push; true when they are good. LinOTP itself
 * has no such test for pushes and replies false.
 * @see docs/protocols/linotp.md 2
 */
export async function testProvider(parts: LinotpParts, ctx: Context): Promise<void> {
  const params = await readLinotpRequest(ctx);
  await adminOf(parts, ctx, 'operate');
  const providers = providersOf(parts, params);
  const name = params.required('name');
  if (!providers.some((provider) => provider.name === name)) throw new LinotpFault('untyped', `Unable to load provider: '${name}'`);
  const result = await parts.engine.providers.check(name, AbortSignal.timeout(checkLimitMs));
  const detail = result && !result.ok ? { message: result.problem } : undefined;
  sendLinotp(ctx, parts.product, { id: 1, value: result?.ok === true, detail });
}

/**
 * `/system/setProvider`, `setDefaultProvider`, `delProvider`: refused; providers are set in the configuration file
 * only.
 */
export async function changeProvider(parts: LinotpParts, ctx: Context): Promise<void> {
  const params = await readLinotpRequest(ctx);
  await refuseHere(parts, ctx);
  providersOf(parts, params);
  throw new LinotpFault('policy', 'Providers of this gateway stand in its configuration file; change them there.');
}

/** `/system/getProviderDef`: LinOTP has no reply for it either. */
export async function getProviderDef(parts: LinotpParts, ctx: Context): Promise<void> {
  await readLinotpRequest(ctx);
  await refuseHere(parts, ctx);
  throw new LinotpFault('policy', "Failed to run checkPolicyPre. Unknown method: 'getProviderDef'");
}
