import { isNobody, isUsable, unusableReason } from '../../../../engine/index.ts';
import { PiFault } from '../../../formats/privacyidea/index.ts';
import { isRevoked, type LoginOutcome, overText, refuse } from '../refusals.ts';
import { demandKnown } from '../subject.ts';
import { cancelEnrolment } from './enrol-in-login.ts';
import { admit, applicantOf, type LoginUnderWay, refusedBy, tellRefused, toldUnknown } from './login.ts';
import { passOn } from './pass-on.ts';
import { finishLogin } from './second-leg.ts';
import { notStarted, type Started, startedDetail, startLogin } from './start-login.ts';
import type { AskedPhone } from './wait-for-phone.ts';

/** One step of a login: its outcome, or that its reply waits for a phone; undefined where the next step goes on. */
export type LoginStep = (login: LoginUnderWay) => Promise<LoginOutcome | AskedPhone | undefined> | LoginOutcome | undefined;

/** The transaction of an enrolment that the user skips. */
const cancelled: LoginStep = async (login) => (login.params.flag('cancel_enrollment') ? cancelEnrolment(login) : undefined);

/** Looks at both legs, and leaves the push tokens that policies admit. */
const denied: LoginStep = (login) => admit(login);

const enrolmentFinished: LoginStep = async (login) =>
  login.second?.transaction?.kind === 'enrolment' ? finishLogin(login, '') : undefined;

const limited: LoginStep = (login) => limit(login);

/** Looks at first legs only: the outcome of a login whose user logged in or failed as often as policies allow. */
export async function limit(login: LoginUnderWay): Promise<LoginOutcome | undefined> {
  const refusal = login.second ? undefined : await login.parts.engine.admission.rateRefusal(applicantOf(login));
  return refusal && refusedBy(login, refusal);
}

/** Looks at first legs only: who is let in without a push token. */
const passedOn: LoginStep = async (login) => (login.second ? undefined : passOn(login));

const unknown: LoginStep = async (login) => {
  if (!isNobody(login.subject.person)) return undefined;
  if (!login.second) await spendTypedPin(login);
  tellRefused(login, login.subject.person === 'barred' ? 'barred-user' : 'unknown-user');
  demandKnown(login.subject, toldUnknown(login.subject));
  return undefined;
};

/**
 * Looks at both legs: a push token that was disabled between them finishes nothing. Where none may be asked, those that are over stay for the check of
 * the PIN: only the right one is told why.
 */
const withoutUsableToken: LoginStep = async (login) => {
  if (login.tokens.length > 0 && login.tokens.every(({ revoked }) => revoked)) {
    tellRefused(login, 'unusable-token');
    throw isRevoked();
  }
  const now = login.parts.engine.clock();
  const usable = login.tokens.filter((token) => isUsable(token, now));
  const over = usable.length > 0 || login.second ? [] : login.tokens.filter((token) => unusableReason(token, now));
  login.tokens = [...usable, ...over];
  if (login.tokens.length > 0) return undefined;
  if (!login.second) await spendTypedPin(login);
  const hasNone = login.subject.tokens.length === 0;
  tellRefused(login, hasNone ? 'no-token' : 'unusable-token');
  return refuse(hasNone ? 'The user has no tokens assigned' : 'No suitable token found for authentication.');
};

const secondLeg: LoginStep = async (login) => (login.second ? finishLogin(login, login.params.text('pass') ?? '') : undefined);

/** Leaves the push tokens that the PIN fits; all of them where the login is quiet. */
const wrongPin: LoginStep = async (login) => {
  if (login.subject.serial !== undefined && login.params.flag('otponly')) {
    tellRefused(login, 'wrong-code');
    return refuse('OTP verification failed.');
  }
  const checked = await checkTypedPin(login);
  if (checked.kind === 'exceeded') {
    tellRefused(login, 'locked');
    return refuse('Failcounter exceeded');
  }
  if (checked.matching.length === 0) tellRefused(login, 'wrong-pin');
  if (checked.kind === 'quiet') {
    login.quiet = { right: checked.matching };
    return undefined;
  }
  login.tokens = checked.matching;
  login.isProved = checked.isProved;
  if (login.tokens.length > 0) return undefined;
  await login.parts.engine.admission.tallyOf(applicantOf(login)).failed();
  return refuse('wrong otp pin');
};

/** Tells that a push token is over, to the right PIN. */
const over: LoginStep = (login) => {
  const message = overText(login.tokens, login.parts.engine.clock());
  if (message === undefined) return undefined;
  tellRefused(login, 'unusable-token');
  return refuse(message);
};

/** Asks the phone, and has the reply wait for the answer, where policies say so. */
const waiting: LoginStep = async (login) => {
  const waitMs = waitOf(login);
  if (waitMs === undefined) return undefined;
  const asked = await startLogin(login, { mustBeSent: login.params.flag('exception'), waitMs });
  if (asked.kind !== 'started') return notAsked(login, asked);
  return { id: asked.transaction.id, serials: asked.tokens.map(({ serial }) => serial), waitMs, place: asked.place };
};

const started: LoginStep = async (login) => {
  const asked = await startLogin(login, { mustBeSent: login.params.flag('exception') });
  return asked.kind === 'started' ? { value: false, detail: startedDetail(login.parts, asked) } : notAsked(login, asked);
};

/** The steps of a login, in the order of the protocol. @see docs/protocols/privacyidea.md 6.1 */
export const loginSteps: readonly LoginStep[] = [
  cancelled,
  denied,
  enrolmentFinished,
  limited,
  passedOn,
  unknown,
  withoutUsableToken,
  secondLeg,
  wrongPin,
  over,
  waiting,
  started,
];

/** The first step that has an outcome ends the login. Throws the dialect's refusals. */
export async function runSteps(login: LoginUnderWay): Promise<LoginOutcome | AskedPhone> {
  for (const step of loginSteps) {
    const outcome = await step(login);
    if (outcome) return outcome;
  }
  return refuse('wrong otp pin');
}

function notAsked(login: LoginUnderWay, asked: Exclude<Started, { kind: 'started' }>): LoginOutcome {
  if (asked.kind === 'refused') return refusedBy(login, asked.refusal);
  const { reason, message } = notStarted[asked.kind];
  tellRefused(login, reason);
  if (asked.kind === 'unreachable' && login.params.flag('exception'))
    throw new PiFault('validation', 'Failed to submit message to push gateway.');
  return refuse(message);
}

/** How long the reply itself waits for the answer (ms), where policies say that it does. */
function waitOf({ parts: { engine }, asker, subject: { user, realm }, tokens }: LoginUnderWay): number | undefined {
  const facts = engine.facts(asker, { user, realm });
  const types = [...new Set(tokens.map(({ type }) => type))];
  const seconds = types.flatMap((tokenType) => engine.policy.value('push_wait', { ...facts, tokenType }) ?? []);
  return seconds.length === 0 ? undefined : Math.max(...seconds) * 1000;
}

/**
 * Checks the PIN of a first leg against what policies say it is.
 * @see docs/protocols/privacyidea.md 11.3
 */
const checkTypedPin = (login: LoginUnderWay) => login.parts.engine.pins.checkAtLogin(login.tokens, typedPin(login));

/** Takes the time of that where the user has no push token for it, or is nobody. */
const spendTypedPin = (login: LoginUnderWay): Promise<unknown> => login.parts.engine.pins.equalizeTiming(typedPin(login));

function typedPin({ parts: { engine }, asker, params, subject: { user, realm, person, typed } }: LoginUnderWay) {
  const rule = engine.policy.value('otppin', engine.facts(asker, { user, realm })) ?? 'tokenpin';
  // Where a user was found is where their password is.
  const source = typeof person === 'object' ? person.resolver : undefined;
  return { pin: params.text('pass') ?? '', rule, user, realm, source, typed, asker };
}
