import type { Context } from 'koa';
import type { LinotpParts } from './parts.ts';
import { type TriggerRequest, trigger } from './trigger.ts';

/**
 * A login whose reply waits for the phone (ms): a yes without any detail, since callers take a yes with one for a challenge. What nobody waits for any
 * more leaves no live challenge on the phone.
 * @see docs/protocols/privacyidea.md 14.1
 */
export async function triggerAndWait(
  parts: LinotpParts,
  ctx: Context,
  login: Omit<TriggerRequest, 'consume' | 'atLeastMs'>,
  waitMs: number,
): Promise<boolean> {
  const triggered = await trigger(parts, { ...login, consume: 'once', atLeastMs: waitMs });
  if (!triggered) return false;
  const serials = triggered.challenges.map(({ token }) => token.serial);
  const givenUp = (tell: () => void): unknown => ctx.res.once('close', tell);
  const { id, kind } = triggered.transaction;
  const ended = await parts.engine.waitForAnswer({ id, serials, usable: serials, waitMs, givenUp });
  // A phone that has just proven its key has bound a token; nobody logs in by that.
  return ended.kind === 'accepted' && kind === 'login';
}
