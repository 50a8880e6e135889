import type { Context } from 'koa';
import type { PushToken } from '../../../foundation/model/index.ts';
import type { AuthServer } from '../../access/index.ts';
import { askerFor, type PrivacyideaParts } from './parts.ts';
import type { Subject } from './subject.ts';

/** A PIN that came with a first leg. */
export type GivenPin = { server: AuthServer; subject: Subject; pin: string };

/**
 * Checks the PIN of a first leg against what policies say it is.
 * @see docs/protocols/privacyidea.md 11.3
 */
export function checkTypedPin(
  parts: PrivacyideaParts,
  ctx: Context,
  given: GivenPin,
): Promise<{ kind: 'checked'; matching: PushToken[] } | { kind: 'exceeded' }> {
  return parts.engine.checkLoginPin(given.subject.tokens, typedPin(parts, ctx, given));
}

/** Takes the time of that where the user has no push token for it, or is nobody. */
export const spendTypedPin = (parts: PrivacyideaParts, ctx: Context, given: GivenPin): Promise<void> =>
  parts.engine.spendLikePin(typedPin(parts, ctx, given));

function typedPin(parts: PrivacyideaParts, ctx: Context, { server, subject: { user, realm }, pin }: GivenPin) {
  const { engine } = parts;
  const asker = askerFor(parts, ctx, server);
  const facts = engine.facts(asker, { user, realm });
  return { pin, rule: engine.policy.value('otppin', facts) ?? 'tokenpin', user, realm, client: asker.client };
}
