import type { Context } from 'koa';
import { longestPin, type TokenAdministration } from '../../../../engine/index.ts';
import type { PushToken } from '../../../../foundation/model/index.ts';
import { PiFault, type PiParams, readPiRequest, sendPi } from '../../../formats/privacyidea/index.ts';
import { administrationOf } from '../../../http/index.ts';
import { type AdminRight, adminOf } from '../caller.ts';
import { askerFor, type PrivacyideaParts } from '../parts.ts';
import { isRevoked } from '../refusals.ts';
import { selectedTokens } from './selected-tokens.ts';

/** Throws 905 for a PIN that is too long. */
export function checkPinLength(pin: string, name: string): void {
  if (pin.length > longestPin) throw new PiFault('parameter', `Parameter ${name} has more than ${longestPin} characters.`);
}

type Change = (acts: TokenAdministration, tokens: readonly PushToken[], params: PiParams) => Promise<number>;

/**
 * A call that changes the push tokens of a serial or user; the reply's value is their number. `more`: further rights
 * that single parameters need.
 */
export function changing(
  right: AdminRight,
  change: Change,
  more: Readonly<Record<string, AdminRight>> = {},
): (parts: PrivacyideaParts, ctx: Context) => Promise<void> {
  return async (parts, ctx) => {
    const params = await readPiRequest(ctx, parts.product);
    const admin = await adminOf(parts, ctx, right);
    const needed = Object.entries(more).flatMap(([name, each]) => (params.text(name) === undefined ? [] : [each]));
    for (const each of needed) await adminOf(parts, ctx, each);
    const tokens = await selectedTokens(parts, params);
    const acts = administrationOf(parts.engine, askerFor(parts, ctx), admin, right, ...needed);
    sendPi(ctx, parts.product, { id: 1, value: await change(acts, tokens, params) });
  };
}

/** `POST /token/enable[/<serial>]`; throws for a revoked token. @see docs/protocols/privacyidea.md 10 */
export const tokenEnable = changing('enable', async (acts, tokens) => {
  if (tokens.length > 0 && tokens.every(({ revoked }) => revoked)) throw isRevoked();
  return acts.setEnabled(tokens, true);
});

/** `POST /token/disable[/<serial>]`. @see docs/protocols/privacyidea.md 10 */
export const tokenDisable = changing('disable', (acts, tokens) => acts.setEnabled(tokens, false));

/** `POST /token/reset[/<serial>]`: sets the fail count to zero. @see docs/protocols/privacyidea.md 10 */
export const tokenReset = changing('reset', (acts, tokens) => acts.reset(tokens));

/** `POST /token/setpin[/<serial>]`. @see docs/protocols/privacyidea.md 10 */
export const tokenSetPin = changing('setpin', async (acts, tokens, params) => {
  const pin = params.text('otppin');
  if (pin === undefined) throw new PiFault('parameter', 'Missing parameter: otppin');
  checkPinLength(pin, 'otppin');
  return acts.setPin(tokens, pin);
});

/** `POST /token/revoke[/<serial>]`: permanently. @see docs/protocols/privacyidea.md 10 */
export const tokenRevoke = changing('revoke', (acts, tokens) => acts.revoke(tokens));

/** `POST /token/unassign`: removes the owner and the PIN. @see docs/protocols/privacyidea.md 10 */
export const tokenUnassign = changing('unassign', (acts, tokens) => acts.unassign(tokens));

/**
 * `DELETE /token/<serial>`, or `DELETE /token/?user=`: all push tokens of a user.
 * @see docs/protocols/privacyidea.md 10
 */
export const tokenDelete = changing('delete', async (acts, tokens) => {
  const removed = await acts.remove(tokens);
  if (removed === 'several-users') throw new PiFault('parameter', 'Several users have this name; say by resolver whose tokens are meant.');
  return removed;
});
