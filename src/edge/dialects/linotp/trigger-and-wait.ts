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
  const givenUp = new AbortController();
  ctx.res.once('close', () => givenUp.abort());
  const usable = triggered.challenges.map(({ token }) => token);
  const ended = await parts.engine.waitForAnswer({ transaction: triggered.transaction, usable, waitMs, givenUp: givenUp.signal });
  // A phone that has just proven its key has bound a token; nobody logs in by that.
  return ended.kind === 'accepted' && triggered.transaction.kind === 'login';
}
