import { isNobody, ownerOf } from '../../../../engine/index.ts';
import { PiFault, type PiProduct } from '../../../formats/privacyidea/index.ts';
import { qrPictureUrl } from '../../../http/index.ts';
import { enrolmentRules } from '../enrolment-rules.ts';
import { flavourRules, type TokenKind } from '../flavour.ts';
import type { LoginOutcome } from '../refusals.ts';
import { admit, applicantOf, type Login, type LoginUnderWay, refusedBy } from './login.ts';

const usualText = 'Please scan the QR code!';

/**
 * Enrols a push token in a login when policies want one for every user: an accepted user without one is challenged to
 * enrol it. Otherwise the outcome stays, also when the user has the maximum of tokens. Replaces offers of earlier
 * logins.
 * @see docs/protocols/privacyidea.md 3.5
 */
export async function enrolInLogin({ parts, asker, subject }: Login, outcome: LoginOutcome): Promise<LoginOutcome> {
  const { engine } = parts;
  const { user, realm, typed, source, tokens, person } = subject;
  const facts = engine.facts(asker, { user, realm });
  const type = engine.policy.value('enroll_via_multichallenge', facts);
  const hasOne = tokens.some((token) => token.type === type && !engine.challenges.isOfferedInLogin(token));
  if (!outcome.value || user === '' || isNobody(person) || hasOne || type === undefined) return outcome;
  const owner = typeof person === 'object' ? ownerOf(person, realm) : { user, realm, resolver: '' };
  const { phone, serialPrefix } = kindOf(parts.product, type);
  const rules = enrolmentRules(parts, asker, { type, owner });
  const offer = { ...plainToken, type, phone, serialPrefix, owner, realms: realm === '' ? [] : [realm], ...rules };
  if (!(await engine.challenges.takeBackOffers(tokens.filter((token) => engine.challenges.isOfferedInLogin(token))))) return outcome;
  const skippable = engine.policy.value('enroll_via_multichallenge_optional', facts) ?? false;
  const rule = { declineSettles: true, consume: 'once' as const, graceMs: parts.graceMs };
  const offered = await engine.challenges.offerInLogin({ asker, user, realm, typed, source, offer, rule, skippable });
  if (!offered.ok) {
    if (typeof offered.error === 'object') return outcome;
    throw new PiFault('parameter', 'No QR code holds so much text; shorten the policies tokenlabel and tokenissuer.');
  }
  const message = engine.policy.value('enroll_via_multichallenge_text', facts) ?? usualText;
  const { token, text: link, transaction } = offered.value;
  const image = qrPictureUrl(link, { scale: 10 });
  const shown = { type, image, link, message, serial: token.serial, id: transaction.id, skippable };
  return { value: false, detail: enrolmentDetail(shown, parts.product.flavour) };
}

/** The parts of an enrolment on the login page. */
export type ShownEnrolment = { type: string; image: string; link: string; message: string; serial: string; id: string; skippable: boolean };

/** The `detail` of a reply with an enrolment, in either flavour. @see docs/protocols/privacyidea.md 3.5, 13 */
export function enrolmentDetail(
  { type, image, link, message, serial, id, skippable }: ShownEnrolment,
  flavour: PiProduct['flavour'],
): Record<string, unknown> {
  const entry = { client_mode: 'poll', image, message, serial, transaction_id: id, type };
  if (flavour === 'edumfa') return { ...entry, multi_challenge: [entry], transaction_ids: [id], preferred_client_mode: 'poll' };
  const linked = { ...entry, link };
  return {
    ...linked,
    multi_challenge: [linked],
    transaction_ids: [id],
    enroll_via_multichallenge: true,
    enroll_via_multichallenge_optional: skippable,
  };
}

/** Fields of a push token enrolled in a login, besides its owner. It gets no PIN: the user has just logged in. */
const plainToken = { description: '', pin: '' } as const;

function kindOf(product: PiProduct, type: TokenKind['type']): TokenKind {
  const kind = flavourRules(product).kinds.find((each) => each.type === type);
  if (!kind) throw new PiFault('policy', `This mount enrols no token of type ${type}.`);
  return kind;
}

/**
 * `cancel_enrollment` with the transaction only: accepts a user who may skip the enrolment, once.
 * @see docs/protocols/privacyidea.md 3.5
 */
export async function cancelEnrolment(login: LoginUnderWay): Promise<LoginOutcome> {
  const {
    parts: { engine },
    second,
  } = login;
  if (!second || second.id === '') throw new PiFault('parameter', 'Missing parameter: transaction_id');
  const refused = admit(login);
  if (refused) return refused;
  const { transaction } = second;
  const value = transaction !== undefined && (await engine.challenges.skipEnrolment(transaction));
  const limitRefusal = value ? await engine.admission.tallyOf(applicantOf(login)).accepted() : undefined;
  if (limitRefusal) return refusedBy(login, limitRefusal);
  const message = value ? 'Cancelled enrollment via multichallenge' : 'Failed to cancel enrollment via multichallenge';
  return { value, detail: { message }, isFinal: true };
}
