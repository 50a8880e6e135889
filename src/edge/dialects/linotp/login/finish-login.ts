import { type Asker, ownerOf } from '../../../../engine/index.ts';
import type { Caller } from '../../../http/index.ts';
import type { LinotpParts } from '../parts.ts';
import { asBegun, asKnown, askableTokens, askerAbout, type TypedSubject } from '../subject.ts';
import { parentOf } from '../transaction-ids.ts';

type SecondLeg = { id: string; caller: Caller; asker: Asker; typed: TypedSubject };

/**
 * The second leg of clients that cannot poll: accepted once the phone has accepted, with any pass. Refused, as in
 * LinOTP, unless policies provide for such clients. The user of the own transaction needs no second directory lookup.
 * @see docs/protocols/linotp.md 13
 */
export async function finishLogin(parts: LinotpParts, { id, caller, asker: asking, typed }: SecondLeg): Promise<boolean> {
  const { engine } = parts;
  const transaction = await engine.challenges.findOwnForeign('linotp', caller.server.name, parentOf(id));
  if (transaction?.kind !== 'login' || transaction.decision.rule.consume !== 'once') {
    engine.admission.tellRefused({ asker: asking, user: typed.user, realm: typed.realm }, 'unknown-transaction', {
      transaction: transaction?.id,
    });
    return false;
  }
  const isOwn = engine.people.isBegunBy(transaction, typed);
  const subject = isOwn ? await asBegun(parts, typed, transaction) : await asKnown(parts, typed);
  const { user, realm, tokens, person } = subject;
  const asker = await askerAbout(parts, asking, transaction);
  const applicant = { asker, user, realm };
  const refusal = engine.admission.mayLogIn(applicant, caller);
  if (refusal) {
    engine.admission.tellRefused(applicant, refusal.kind, { transaction: transaction.id });
    return false;
  }
  const usable = askableTokens(parts, asker, subject);
  const [first] = tokens;
  const owner = typeof person === 'object' ? ownerOf(person, realm) : { user, realm };
  const who = user === '' ? { serial: first?.serial } : { user: owner };
  const finished = await engine.challenges.finish({ transaction, usable, ...who });
  if (finished.kind !== 'accepted') {
    const reason = finished.kind === 'not-answered' ? 'not-answered' : 'unknown-transaction';
    engine.admission.tellRefused(applicant, reason, { serials: usable.map(({ serial }) => serial), transaction: transaction.id });
    return false;
  }
  const tooOften = await engine.admission.tallyOf(applicant).accepted();
  if (tooOften) engine.admission.tellRefused(applicant, tooOften.kind, { transaction: transaction.id });
  return !tooOften;
}
