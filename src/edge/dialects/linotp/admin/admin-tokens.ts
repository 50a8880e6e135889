import type { Context } from 'koa';
import { longestPin, type TokenAdministration } from '../../../../engine/index.ts';
import type { PushToken } from '../../../../foundation/model/index.ts';
import type { Permission } from '../../../../policy/index.ts';
import { LinotpFault, type LinotpParams, readLinotpRequest, sendLinotp } from '../../../formats/linotp/index.ts';
import { administrationOf } from '../../../http/index.ts';
import { adminOf } from '../caller.ts';
import { askerFor, type LinotpParts } from '../parts.ts';
import { askedUser, selectedTokens } from './selected-tokens.ts';
import { tokenRow } from './token-row.ts';

type Change = (acts: TokenAdministration, tokens: readonly PushToken[], params: LinotpParams) => Promise<number>;

/** A call that changes the push tokens of a serial or user; the reply's value is their number. */
function changing(right: Permission, change: Change): (parts: LinotpParts, ctx: Context) => Promise<void> {
  return async (parts, ctx) => {
    const params = await readLinotpRequest(ctx);
    const admin = await adminOf(parts, ctx, right);
    const acts = administrationOf(parts.engine, askerFor(parts, ctx), admin, right);
    sendLinotp(ctx, parts.product, { id: 1, value: await change(acts, await selectedTokens(parts, params), params) });
  };
}

/** `POST /admin/enable`. */
export const adminEnable = changing('enable', (acts, tokens) => acts.setEnabled(tokens, true));
/** `POST /admin/disable`. */
export const adminDisable = changing('disable', (acts, tokens) => acts.setEnabled(tokens, false));
/** `POST /admin/reset`: sets the fail count to zero. */
export const adminReset = changing('reset', (acts, tokens) => acts.reset(tokens));
/** `POST /admin/remove`. */
export const adminRemove = changing('delete', async (acts, tokens) => {
  const removed = await acts.remove(tokens);
  if (removed === 'several-users')
    throw new LinotpFault('parameter', 'several users have this name; say by resConf whose tokens are meant');
  return removed;
});
/** `POST /admin/set` `pin`: the PIN of push tokens, the only settable field here. */
export const adminSet = changing('setpin', (acts, tokens, params) => {
  const pin = params.required('pin');
  if (pin.length > longestPin) throw new LinotpFault('parameter', `pin has more than ${longestPin} characters`);
  return acts.setPin(tokens, pin);
});

const mostRows = 100;

/** `GET|POST /admin/show`: push tokens by serial (with `*`) or user, in pages. */
export async function adminShow(parts: LinotpParts, ctx: Context): Promise<void> {
  const params = await readLinotpRequest(ctx);
  const admin = await adminOf(parts, ctx, 'tokenlist');
  const asked = whole(params, 'pagesize');
  const limit = Math.min(asked ?? mostRows, mostRows);
  const page = whole(params, 'page') ?? 1;
  const serial = params.text('serial');
  const name = params.text('user');
  if (params.text('filter')) throw new LinotpFault('parameter', 'this gateway does not search in all columns; leave filter out');
  const view = params.text('viewrealm');
  const filter = {
    serial: serial || undefined,
    tokenRealm: view === '*' ? undefined : view || undefined,
    inRealms: parts.engine.admission.realmsOpenTo(askerFor(parts, ctx), admin, 'tokenlist'),
    of: name ? await askedUser(parts, params, name) : undefined,
  };
  const limits = { offset: (page - 1) * limit, limit, sortBy: 'serial', descending: false } as const;
  const { count, tokens } = await parts.engine.people.listTokens(filter, limits);
  // Without a size, the page size is the number of tokens.
  const pagesize = asked === undefined ? Math.min(count, limit) : limit;
  const resultset = { pages: Math.max(1, Math.ceil(count / limit)), pagesize, tokens: count, page };
  sendLinotp(ctx, parts.product, { id: 1, value: { data: tokens.map(tokenRow), resultset } });
}

function whole(params: LinotpParams, name: string): number | undefined {
  const text = params.text(name);
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new LinotpFault('parameter', `${name} must be a whole number above zero`);
}
