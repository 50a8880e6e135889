import type { PassedOn } from '../../../../engine/index.ts';
import type { LoginOutcome } from '../refusals.ts';
import { applicantOf, type LoginUnderWay } from './login.ts';

/**
 * Lets a user in without a push token when a policy allows it; only for requests by name.
 * @see docs/protocols/privacyidea.md 11.3
 */
export async function passOn(login: LoginUnderWay): Promise<LoginOutcome | undefined> {
  const { tokens, serial, person, source } = login.subject;
  if (serial !== undefined) return undefined;
  const password = login.params.text('pass') ?? '';
  const passed = await login.parts.engine.admission.passedOn({
    ...applicantOf(login),
    source,
    person,
    hasTokens: tokens.length > 0,
    password,
  });
  return passed && { value: true, detail: { message: messageOf(passed) } };
}

function messageOf(passed: PassedOn): string {
  switch (passed.kind) {
    case 'no-user':
      return `user does not exist, accepted due to '${passed.rule}'`;
    case 'no-token':
      return `user has no token, accepted due to '${passed.rule}'`;
    case 'passthru':
      return `against ${passed.via === 'userstore' ? passed.via : `RADIUS server ${passed.via}`} due to '${passed.rule}'`;
    default:
      return passed satisfies never;
  }
}
