import { isNobody, isUsable, unusableReason } from '../../../../engine/index.ts';
import { PiFault } from '../../../formats/privacyidea/index.ts';
import { isRevoked, type LoginOutcome, overText, refuse } from '../refusals.ts';
import { demandKnown } from '../subject.ts';
import { cancelEnrolment } from './enrol-in-login.ts';
import { admit, applicantOf, type LoginUnderWay, refusedBy, tellRefused, unknownUserText } from './login.ts';
import { passOn } from './pass-on.ts';
import { finishLogin } from './second-leg.ts';
import { notStarted, type Started, startedDetail, startLogin } from './start-login.ts';
import type { AskedPhone } from './wait-for-phone.ts';

/** One step of a login: its outcome, or a phone to wait for; undefined to go on with the next step. */
export type LoginStep = (login: LoginUnderWay) => Promise<LoginOutcome | AskedPhone | undefined> | LoginOutcome | undefined;

/** The user skips an enrolment. */
const cancelled: LoginStep = async (login) => (login.params.flag('cancel_enrollment') ? cancelEnrolment(login) : undefined);

/** Both legs: refuses the login, or narrows it to the push tokens that policies admit. */
const denied: LoginStep = (login) => admit(login);

const enrolmentFinished: LoginStep = async (login) =>
  login.second?.transaction?.kind === 'enrolment' ? finishLogin(login, '') : undefined;

const limited: LoginStep = (login) => limit(login);

/** First legs only: refuses a login when its user has reached a limit of logins or failures. */
export async function limit(login: LoginUnderWay): Promise<LoginOutcome | undefined> {
  const refusal = login.second ? undefined : await login.parts.engine.admission.rateRefusal(applicantOf(login));
  return refusal && refusedBy(login, refusal);
}

/** First legs only: lets a user in without a push token when a policy allows it. */
const passedOn: LoginStep = async (login) => (login.second ? undefined : passOn(login));

const unknown: LoginStep = async (login) => {
  if (!isNobody(login.subject.person)) return undefined;
  if (!login.second) await spendTypedPin(login);
  tellRefused(login, login.subject.person === 'barred' ? 'barred-user' : 'unknown-user');
  demandKnown(login.subject, unknownUserText(login.subject));
  return undefined;
};

/**
 * Both legs: a push token that was disabled in between cannot finish a login. If no push token is usable, expired ones
 * stay for the PIN check, because only a right PIN is told the reason.
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

/** Keeps the push tokens with this PIN; all of them in a quiet login. */
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

/** Reports that a push token is used up or outside its validity; only after a right PIN. */
const over: LoginStep = (login) => {
  const message = overText(login.tokens, login.parts.engine.clock());
  if (message === undefined) return undefined;
  tellRefused(login, 'unusable-token');
  return refuse(message);
};

/** Asks the phone and lets the reply wait for the answer, when a policy says so. */
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

/** Runs the steps; the first outcome ends the login. Throws the dialect's refusals. */
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

/** How long the reply waits for the answer (ms); undefined unless a policy says so. */
function waitOf({ parts: { engine }, asker, subject: { user, realm }, tokens }: LoginUnderWay): number | undefined {
  const facts = engine.facts(asker, { user, realm });
  const types = [...new Set(tokens.map(({ type }) => type))];
  const seconds = types.flatMap((tokenType) => engine.policy.value('push_wait', { ...facts, tokenType }) ?? []);
  return seconds.length === 0 ? undefined : Math.max(...seconds) * 1000;
}

/** Checks the PIN of a first leg by the policies' rule. @see docs/protocols/privacyidea.md 11.3 */
const checkTypedPin = (login: LoginUnderWay) => login.parts.engine.pins.checkAtLogin(login.tokens, typedPin(login));

/** Spends the time of a PIN check for a user without a push token, or an unknown user. */
const spendTypedPin = (login: LoginUnderWay): Promise<unknown> => login.parts.engine.pins.equalizeTiming(typedPin(login));

function typedPin({ parts: { engine }, asker, params, subject: { user, realm, person, typed } }: LoginUnderWay) {
  const rule = engine.policy.value('otppin', engine.facts(asker, { user, realm })) ?? 'tokenpin';
  // The password is checked by the source that found the user.
  const source = typeof person === 'object' ? person.resolver : undefined;
  return { pin: params.text('pass') ?? '', rule, user, realm, source, typed, asker };
}
