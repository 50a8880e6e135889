import type { Context } from 'koa';
import type { Waited } from '../../../../engine/index.ts';
import { type LoginRefusalReason, ok, type Result } from '../../../../foundation/model/index.ts';
import { whenGone } from '../../../http/index.ts';
import type { LinotpParts } from '../parts.ts';
import { type TriggerRequest, trigger } from './trigger.ts';

/** A login whose reply waits for the phone: whether it said yes, later. */
export type WaitingCheck = { waits: Promise<boolean> };

/**
 * Asks the phones, and waits (ms) for their answer: a yes without any detail, since callers take a yes with one for a challenge. What nobody waits
 * for any more leaves no live challenge on the phone. Refused as `trigger` is.
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
  const ended = parts.engine.challenges.waitForAnswer({ id, serials, usable: serials, place, waitMs, givenUp: whenGone(ctx) });
  return ok({ waits: saysYes(ended, kind === 'login') });
}

/** A phone that has just proven its key has bound a token; nobody logs in by that. */
const saysYes = async (ended: Promise<Waited>, isLogin: boolean): Promise<boolean> => (await ended).kind === 'accepted' && isLogin;
