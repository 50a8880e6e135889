import type { Context } from 'koa';
import type { PushToken } from '../../../foundation/model/index.ts';
import type { AuthServer } from '../../access/index.ts';
import { askerFor, type PrivacyideaParts } from './parts.ts';
import type { Subject } from './subject.ts';

/**
 * Checks the PIN of a first leg against what policies say it is.
 * @see docs/protocols/privacyidea.md 11.3
 */
export function checkTypedPin(
  parts: PrivacyideaParts,
  ctx: Context,
  { server, subject, pin }: { server: AuthServer; subject: Subject; pin: string },
): Promise<{ kind: 'checked'; matching: PushToken[] } | { kind: 'exceeded' }> {
  const { engine } = parts;
  const { user, realm, tokens } = subject;
  const asker = askerFor(parts, ctx, server);
  const facts = { ...engine.facts(asker, { user, realm }), scope: 'authentication' as const };
  return engine.checkLoginPin(tokens, { pin, rule: engine.policy.value('otppin', facts) ?? 'tokenpin', user, realm, client: asker.client });
}
