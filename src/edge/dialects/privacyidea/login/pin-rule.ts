import type { PushToken } from '../../../../foundation/model/index.ts';
import type { LoginUnderWay } from './login.ts';

/**
 * Checks the PIN of a first leg against what policies say it is.
 * @see docs/protocols/privacyidea.md 11.3
 */
export const checkTypedPin = (login: LoginUnderWay): Promise<{ kind: 'checked'; matching: PushToken[] } | { kind: 'exceeded' }> =>
  login.parts.engine.checkLoginPin(login.tokens, typedPin(login));

/** Takes the time of that where the user has no push token for it, or is nobody. */
export const spendTypedPin = (login: LoginUnderWay): Promise<void> => login.parts.engine.spendLikePin(typedPin(login));

function typedPin({ parts: { engine }, asker, params, subject: { user, realm, person } }: LoginUnderWay) {
  const rule = engine.policy.value('otppin', engine.facts(asker, { user, realm })) ?? 'tokenpin';
  // Where a user was found is where their password is.
  const source = typeof person === 'object' ? person.resolver : undefined;
  return { pin: params.text('pass') ?? '', rule, user, realm, source, client: asker.client };
}
