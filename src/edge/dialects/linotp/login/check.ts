import type { Context } from 'koa';
import { type Applicant, type Asker, originOf, type Tally } from '../../../../engine/index.ts';
import type { LoginRefusalReason, PushToken } from '../../../../foundation/model/index.ts';
import {
  failsWith,
  type LinotpParams,
  type LinotpReply,
  readLinotpRequest,
  sendLinotp,
  sendLinotpText,
} from '../../../formats/linotp/index.ts';
import { type Caller, holdReply } from '../../../http/index.ts';
import { authServerOf } from '../caller.ts';
import { askerFor, type LinotpParts } from '../parts.ts';
import { asKnown, askableTokens, type Subject, subjectOf, withRefusalEvent } from '../subject.ts';
import { tokenForm } from '../token-form.ts';
import { finishLogin } from './finish-login.ts';
import { passRule } from './pass.ts';
import { promptOf, type Triggered, trigger } from './trigger.ts';
import { triggerAndWait, type WaitingCheck } from './trigger-and-wait.ts';

/** The result of a check: true or false, or a challenge that waits for the phone. */
export type Checked = { value: boolean; triggered?: Triggered };

/** `GET|POST /validate/check`: starts a login by user or serial. @see docs/protocols/linotp.md 10.2 */
export async function validateCheck(parts: LinotpParts, ctx: Context): Promise<void> {
  failsWith(ctx, { id: 0, value: false });
  sendOrHold(ctx, await check(parts, ctx, await readLinotpRequest(ctx)), sendReply(parts));
}

/** `GET|POST /validate/check_s`: the same by serial, for any owner. @see docs/protocols/linotp.md 10.3 */
export async function validateCheckSerial(parts: LinotpParts, ctx: Context): Promise<void> {
  failsWith(ctx, { id: 0, status: false, value: false });
  const params = await readLinotpRequest(ctx);
  params.required('serial');
  sendOrHold(ctx, await check(parts, ctx, params), sendReply(parts));
}

/**
 * `GET|POST /validate/simplecheck`: the same with a text reply, for clients without JSON.
 * @see docs/protocols/linotp.md 10.6, 13
 */
export async function validateSimpleCheck(parts: LinotpParts, ctx: Context): Promise<void> {
  failsWith(ctx, { text: ':-(' });
  sendOrHold(ctx, await check(parts, ctx, await readLinotpRequest(ctx)), sendText);
}

type SendChecked = (ctx: Context, checked: Checked) => void;

const sendReply =
  (parts: LinotpParts): SendChecked =>
  (ctx, checked) =>
    sendLinotp(ctx, parts.product, replyOf(checked));

const sendText: SendChecked = (ctx, { value, triggered }) => {
  const several = triggered && triggered.challenges.length > 1 ? ` ${severalText}` : '';
  sendLinotpText(ctx, value ? ':-)' : triggered ? `:-( ${triggered.id}${several}` : ':-(');
};

/** Sends the result of a check, or holds the reply until there is one. */
function sendOrHold(ctx: Context, checked: Checked | WaitingCheck, send: SendChecked): void {
  if ('waits' in checked) holdReply(ctx, checked.waits, async (again, saysYes) => send(again, { value: await saysYes }));
  else send(ctx, checked);
}

const severalText = 'Multiple challenges submitted.';

function replyOf({ value, triggered }: Checked): LinotpReply {
  if (!triggered) return { id: 0, value };
  const [first] = triggered.challenges;
  if (triggered.challenges.length === 1 && first) return { id: 0, value, detail: challengeDetail(first) };
  const challenges = Object.fromEntries(triggered.challenges.map((each) => [each.token.serial, challengeDetail(each)]));
  return { id: 0, value, detail: { challenges, transactionid: triggered.id, message: severalText } };
}

const challengeDetail = ({ id, token }: Triggered['challenges'][number]) => ({
  transactionid: id,
  message: '',
  linotp_tokenserial: token.serial,
  linotp_tokentype: token.type,
  linotp_tokendescription: token.description,
});

async function check(parts: LinotpParts, ctx: Context, params: LinotpParams): Promise<Checked | WaitingCheck> {
  const caller = await authServerOf(parts, ctx, 'check');
  const asker = askerFor(parts, ctx, caller.server);
  const named = () => withRefusalEvent(parts, { asker, params }, () => subjectOf(parts, params, asker));
  const id = params.text('transactionid') ?? params.text('state');
  if (id !== undefined) return { value: await finishLogin(parts, { id, caller, asker, typed: await named() }) };
  return parts.engine.admission.inTurn(caller.server.name, async () => {
    const subject = await asKnown(parts, await named());
    const { user, realm, person } = subject;
    const known = await parts.engine.admission.askerForLogin({ asker, user, realm }, person);
    return firstLeg(parts, ctx, { asker: known, caller, subject, params });
  });
}

type Login = { asker: Asker; caller: Caller; subject: Subject; params: LinotpParams };

/** The first leg. Every refusal is the same plain false. */
async function firstLeg(parts: LinotpParts, ctx: Context, login: Login): Promise<Checked | WaitingCheck> {
  const { engine } = parts;
  const { asker, caller, subject, params } = login;
  const { user, realm, typed, source } = subject;
  const applicant = { asker, user, realm };
  const refusedFor = (reason: LoginRefusalReason, serials: readonly string[] = []): Checked => {
    engine.admission.tellRefused(applicant, reason, { serials });
    return { value: false };
  };
  const refusal = engine.admission.mayLogIn(applicant, caller) ?? (await engine.admission.rateRefusal(applicant));
  if (refusal) {
    await spendPin(parts, login);
    return refusedFor(refusal.kind);
  }
  if (await isPassedOn(parts, login)) {
    const tooOften = await engine.admission.tallyOf(applicant).accepted();
    return tooOften ? refusedFor(tooOften.kind) : { value: true };
  }
  const opened = await withPin(parts, login);
  if (typeof opened === 'string') return refusedFor(opened);
  const { tokens, quiet, isProved } = opened;
  if (quiet?.right.length === 0) engine.admission.tellRefused(applicant, opened.reason ?? 'wrong-pin');
  const { prompt, waitSeconds, isSimple } = askingOf(parts, login, tokens[0]);
  const serials = tokens.map(({ serial }) => serial);
  if (!prompt) return refusedFor('wrong-code', serials);
  const asked = { asker, user, realm, typed, source, tokens, quiet, isProved, prompt, pass: params.text('pass') ?? '' };
  if (waitSeconds === undefined) {
    const triggered = await trigger(parts, { ...asked, consume: isSimple ? 'once' : 'never' });
    return triggered.ok ? { value: false, triggered: triggered.value } : refusedFor(triggered.error, serials);
  }
  const waiting = await triggerAndWait(parts, ctx, asked, waitSeconds * 1000);
  if (!waiting.ok) return refusedFor(waiting.error, serials);
  return { waits: counted(waiting.value.waits, engine.admission.tallyOf(applicant), refusing(parts, applicant, serials)) };
}

/** How this push token is asked: the prompt, if any, and whether the reply waits for the phone. */
function askingOf({ engine }: LinotpParts, { asker, subject: { user, realm }, params }: Login, token: PushToken | undefined) {
  const facts = engine.facts(asker, { user, realm }, token);
  const waitSeconds = engine.policy.value('push_wait', facts);
  const isSimple = engine.policy.value('push_without_data', facts) === true;
  return { prompt: promptOf(params, isSimple || waitSeconds !== undefined), waitSeconds, isSimple };
}

/** Whether a policy lets a user in without a push token. Only for requests by user name. */
async function isPassedOn({ engine }: LinotpParts, { asker, subject, params }: Login): Promise<boolean> {
  const { user, realm, source, tokens, person } = subject;
  // With a serial there is at most one token, so having none says nothing about the user.
  if (params.text('serial')) return false;
  const password = params.text('pass') ?? '';
  return (await engine.admission.passedOn({ asker, user, realm, source, person, hasTokens: tokens.length > 0, password })) !== undefined;
}

/**
 * The result of a PIN check: the push tokens to ask, and whether the PIN was needed and right. `quiet`: `tokens` are
 * the ones to name in the reply (also for a user without any), `right` those that the PIN opens. `reason`: why there
 * are none, for events.
 */
type Opened = { tokens: PushToken[]; isProved?: boolean; quiet?: { right: PushToken[] }; reason?: LoginRefusalReason };

/** The admitted, askable push tokens with this PIN, or why there is none. Takes the same time in every case. */
async function withPin(parts: LinotpParts, login: Login): Promise<Opened | LoginRefusalReason> {
  const { engine } = parts;
  const { asker, subject } = login;
  const { user, realm, isBySerial } = subject;
  const tokens = askableTokens(parts, asker, subject);
  const asked =
    tokens.length > 0
      ? tokens
      : [engine.tokens.standIn({ user, realm, serial: login.params.text('serial') || undefined, form: tokenForm })];
  const typed = typedPin(parts, login, tokens[0]);
  if (!typed || (isBySerial && typed.rule === 'userstore')) return 'wrong-pin';
  const canBeAsked = asked.some((token) => askingOf(parts, login, token).prompt);
  // When nothing can be asked, the PIN is not checked: a remembered right PIN would reply faster the next time.
  if (tokens.length === 0 || !canBeAsked) {
    const spent = await engine.pins.equalizeTiming(typed);
    const reason = loginRefusalOf(subject, tokens);
    return spent === 'quiet' && canBeAsked ? { tokens: asked, quiet: { right: [] }, reason } : reason;
  }
  const checked = await engine.pins.checkAtLogin(tokens, typed);
  if (checked.kind === 'quiet') return { tokens, quiet: { right: checked.matching } };
  if (checked.kind === 'checked' && checked.matching.length > 0) return { tokens: checked.matching, isProved: checked.isProved };
  await engine.admission.tallyOf({ asker, user, realm }).failed();
  return checked.kind === 'exceeded' ? 'locked' : 'wrong-pin';
}

/** Why no push token can be asked. */
function loginRefusalOf({ person, tokens: all }: Subject, askable: readonly PushToken[]): LoginRefusalReason {
  if (askable.length > 0) return 'wrong-code';
  if (person === 'barred') return 'barred-user';
  return person === 'unknown-user' ? 'unknown-user' : all.length === 0 ? 'no-token' : 'unusable-token';
}

/** The PIN of a first leg and its context; undefined without a PIN. */
function typedPin({ engine }: LinotpParts, { asker, subject, params }: Login, token?: PushToken) {
  const { user, realm, person, typed } = subject;
  const pin = params.text('pass');
  const rule = passRule(engine.policy, engine.facts(asker, { user, realm }, token));
  // The password is checked by the source that found the user.
  const source = typeof person === 'object' ? person.resolver : undefined;
  const serial = params.text('serial');
  return pin === undefined ? undefined : { pin, rule, user, realm, source, typed, asker, serial };
}

/** Spends the time of a PIN check when no PIN is checked. */
async function spendPin(parts: LinotpParts, login: Login): Promise<void> {
  const typed = typedPin(parts, login);
  if (typed) await parts.engine.pins.equalizeTiming(typed);
}

/** Returns a function that publishes a later refusal. It keeps only names and serials of the login in memory. */
function refusing(
  { engine }: LinotpParts,
  { asker, user, realm }: Applicant,
  serials: readonly string[],
): (reason: LoginRefusalReason) => void {
  const applicant = { asker: { ...originOf(asker), userAgent: '' }, user, realm };
  return (reason) => engine.admission.tellRefused(applicant, reason, { serials });
}

/** The answer to a wait, counted against login limits. Keeps only its parameters in memory. */
async function counted(waits: Promise<boolean>, tally: Tally, publish: (reason: LoginRefusalReason) => void): Promise<boolean> {
  const saysYes = await waits;
  const tooOften = saysYes ? await tally.accepted() : undefined;
  if (!saysYes) await tally.failed();
  if (saysYes && !tooOften) return true;
  publish(tooOften?.kind ?? 'not-answered');
  return false;
}
