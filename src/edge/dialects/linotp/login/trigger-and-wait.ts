import type { Context } from 'koa';
import type { Waited } from '../../../../engine/index.ts';
import { type LoginRefusalReason, ok, type Result } from '../../../../foundation/model/index.ts';
import { onDisconnect } from '../../../http/index.ts';
import type { LinotpParts } from '../parts.ts';
import { type TriggerRequest, trigger } from './trigger.ts';

/** A login whose reply waits for the phone; resolves to whether it accepted. */
export type WaitingCheck = { waits: Promise<boolean> };

/**
 * Asks the phones and waits up to `waitMs` for the answer. A true reply has no detail, since callers take one with a
 * detail for a challenge. When the wait ends, the challenge ends, too. Refuses like `trigger`.
 * @see docs/protocols/privacyidea.md 14.1
 */
export async function triggerAndWait(
  parts: LinotpParts,
  ctx: Context,
  login: Omit<TriggerRequest, 'consume' | 'waitMs'>,
  waitMs: number,
): Promise<Result<WaitingCheck, LoginRefusalReason>> {
  const triggered = await trigger(parts, { ...login, consume: 'once', waitMs });
  if (!triggered.ok) return triggered;
  const serials = triggered.value.challenges.map(({ token }) => token.serial);
  const { place, transaction } = triggered.value;
  const { id, kind } = transaction;
  const ended = parts.engine.challenges.waitForAnswer({ id, serials, usable: serials, place, waitMs, givenUp: onDisconnect(ctx) });
  return ok({ waits: saysYes(ended, kind === 'login') });
}

/** An activated token only proves its key; that does not log the user in. */
const saysYes = async (ended: Promise<Waited>, isLogin: boolean): Promise<boolean> => (await ended).kind === 'accepted' && isLogin;
