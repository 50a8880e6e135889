import { ownerOf } from '../../../../engine/index.ts';
import { type LoginOutcome, refuse } from '../refusals.ts';
import { type LoginUnderWay, shownType, tellRefused } from './login.ts';

const reasons = { 'not-answered': 'not-answered', unknown: 'unknown-transaction' } as const;

/**
 * The second leg of a login: takes the phone's answer, or the code that it showed.
 * @see docs/protocols/privacyidea.md 6.1
 */
export async function finishLogin(login: LoginUnderWay, code: string): Promise<LoginOutcome> {
  const { parts, asker, subject, tokens, second } = login;
  const { user, realm, serial, person } = subject;
  // A token without an owner is identified by serial only.
  const owner = typeof person === 'object' ? ownerOf(person, realm) : { user, realm };
  const finished = await parts.engine.challenges.finish({
    transaction: second?.transaction,
    code,
    usable: tokens,
    user: user === '' ? undefined : owner,
    serial,
  });
  if (finished.kind !== 'accepted') tellRefused(login, reasons[finished.kind]);
  switch (finished.kind) {
    case 'accepted':
      return { value: true, detail: { message: 'Found matching challenge', serial: finished.serial } };
    case 'not-answered': {
      const { challenges } = finished.transaction.decision;
      const [only] = challenges;
      if (challenges.length > 1) return refuse(`Response did not match for ${challenges.length} tokens.`);
      const token = tokens.find(({ serial: each }) => each === only?.serial);
      const type = token ? shownType(parts, asker, token) : 'push';
      return refuse('Response did not match the challenge.', { serial: only?.serial, type });
    }
    case 'unknown':
      // The same text for an unknown, used, ended or foreign id; the user's counters do not change.
      return refuse('wrong otp pin');
    default:
      return finished satisfies never;
  }
}
