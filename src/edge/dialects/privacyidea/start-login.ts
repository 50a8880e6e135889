import type { Context } from 'koa';
import type { PushToken } from '../../../foundation/model/index.ts';
import type { AuthServer } from '../../access/index.ts';
import { challengeDetail, confirmText } from './challenge-detail.ts';
import { askerFor, type PrivacyideaParts } from './parts.ts';
import type { Subject } from './subject.ts';

/** A login that was started: the `detail` to reply with. `unreachable`: no push went out and no phone may poll, so nothing was started. */
export type Started = { kind: 'started'; detail: Record<string, unknown>; count: number } | { kind: 'unreachable' };

const title = 'privacyIDEA';
const question = 'Do you want to confirm the login?';

/** Asks all these push tokens at once, under one transaction: stored, then delivered, then told. */
export async function startLogin(
  parts: PrivacyideaParts,
  ctx: Context,
  server: AuthServer,
  subject: Subject & { tokens: readonly PushToken[] },
): Promise<Started> {
  const { engine, graceMs } = parts;
  const { user, realm, tokens } = subject;
  const asker = askerFor(parts, ctx, server);
  const facts = { ...engine.facts(asker, { user, realm }), scope: 'authentication' as const };
  const declineSettles = engine.policy.value('push_decline_settles', facts) ?? true;
  const rule = { declineSettles, consume: 'once' as const, graceMs };
  const transaction = await engine.issue({ asker, user, realm, tokens, prompt: { title, question }, rule });
  const delivered = await engine.deliver({ transaction, tokens, asker });
  if (delivered.every(({ sent, pollable }) => !sent && !pollable)) {
    await engine.withdraw(transaction);
    return { kind: 'unreachable' };
  }
  const messageFor = (token: PushToken): string => {
    const tokenFacts = { ...engine.facts(asker, token.owner, token), scope: 'authentication' as const };
    return engine.policy.value('push_challenge_text', tokenFacts) ?? engine.policy.value('challenge_text', tokenFacts) ?? confirmText;
  };
  const preferred = engine.policy.value('preferred_client_mode', facts);
  return { kind: 'started', detail: challengeDetail({ transaction, tokens, delivered, messageFor }, preferred), count: tokens.length };
}
