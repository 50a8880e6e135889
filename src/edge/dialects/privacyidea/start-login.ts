import type { Context } from 'koa';
import type { PushToken } from '../../../foundation/model/index.ts';
import type { AuthServer } from '../../access/index.ts';
import { challengeDetail } from './challenge-detail.ts';
import { chooseAsk } from './choose-ask.ts';
import { askerFor, type PrivacyideaParts } from './parts.ts';
import type { Subject } from './subject.ts';

/**
 * A login that was started: the `detail` to reply with. Otherwise nothing was: no push went out and no phone may poll, or no phone can do
 * what policies ask for.
 */
export type Started = { kind: 'started'; detail: Record<string, unknown>; count: number } | { kind: 'unreachable' | 'unable' };

const title = 'privacyIDEA';
const question = 'Do you want to confirm the login?';

/**
 * Asks all these push tokens at once, under one transaction: stored, then delivered, then told. `mustBeSent`: a phone that has to ask by itself
 * is not good enough.
 */
export async function startLogin(
  parts: PrivacyideaParts,
  ctx: Context,
  server: AuthServer,
  subject: Subject & { tokens: readonly PushToken[]; mustBeSent?: boolean },
): Promise<Started> {
  const { engine, graceMs } = parts;
  const { user, realm, mustBeSent = false } = subject;
  const asker = askerFor(parts, ctx, server);
  const facts = { ...engine.facts(asker, { user, realm }), scope: 'authentication' as const };
  const ask = chooseAsk(engine.policy, facts);
  const mayFallBack = engine.policy.value('push_mode_fallback', facts) === 'confirm';
  const tokens = subject.tokens.filter((token) => mayFallBack || engine.canAsk(token, ask));
  if (tokens.length === 0) return { kind: 'unable' };
  const declineSettles = engine.policy.value('push_decline_settles', facts) ?? true;
  const rule = { declineSettles, consume: 'once' as const, graceMs };
  const transaction = await engine.issue({ asker, user, realm, tokens, prompt: { title, question }, ask, rule });
  const delivered = await engine.deliver({ transaction, tokens, asker });
  if (delivered.every(({ sent, pollable }) => !sent && (mustBeSent || !pollable))) {
    await engine.withdraw(transaction);
    return { kind: 'unreachable' };
  }
  const textFor = (token: PushToken): string | undefined => {
    const tokenFacts = { ...engine.facts(asker, token.owner, token), scope: 'authentication' as const };
    return engine.policy.value('push_challenge_text', tokenFacts) ?? engine.policy.value('challenge_text', tokenFacts);
  };
  const preferred = engine.policy.value('preferred_client_mode', facts);
  return { kind: 'started', detail: challengeDetail({ transaction, tokens, delivered, textFor }, preferred), count: tokens.length };
}

/** Why nothing was started, for the reply. */
export const notStarted: Record<Exclude<Started['kind'], 'started'>, string> = {
  unreachable: 'The push could not be delivered, and polling is not allowed.',
  unable: 'No phone of this user can do what the policies ask for.',
};
