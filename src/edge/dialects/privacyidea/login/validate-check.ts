import type { Context } from 'koa';
import type { Waited } from '../../../../engine/index.ts';
import { PiFault, type PiParams, readPiRequest, sendPi } from '../../../formats/privacyidea/index.ts';
import { holdReply } from '../../../http/index.ts';
import { authServerOf } from '../caller.ts';
import type { PrivacyideaParts } from '../parts.ts';
import type { LoginOutcome } from '../refusals.ts';
import { refusedLogin } from '../refusals.ts';
import type { Subject } from '../subject.ts';
import { enrolInLogin } from './enrol-in-login.ts';
import { applicantOf, isFirstLeg, type Login, loginAgain, readLogin, withoutOffers } from './login.ts';
import { runSteps } from './steps.ts';
import { withUserDetail } from './user-detail.ts';
import { outcomeOfWait, type WaitingLogin, waitForPhone, waitingLogin } from './wait-for-phone.ts';

/** The outcome of a login, and its subject. */
type Checked = { outcome: LoginOutcome; subject: Subject };

/** Replies with the outcome in the form of one route. `checking` rejects with the dialect's refusals. */
export type SendLogin = (ctx: Context, checking: Promise<Checked>) => Promise<void>;

/**
 * `POST|GET /validate/check`: the first leg starts a login by PIN, the second finishes it by transaction.
 * @see docs/protocols/privacyidea.md 6.1
 */
export const validateCheck = (parts: PrivacyideaParts, ctx: Context): Promise<void> =>
  checkLogin(parts, ctx, async (told, checking) => sendPi(told, parts.product, { id: 2, ...(await checking).outcome }));

/** The same as `/validate/check` with a reply by `send`: at once, or after the wait for a phone. */
export const checkLogin = (parts: PrivacyideaParts, ctx: Context, send: SendLogin): Promise<void> =>
  sendOrHold(parts, ctx, readAndBegin(parts, ctx), send);

/** The same for parameters that were already read. */
export const checkLoginOf = (parts: PrivacyideaParts, ctx: Context, params: PiParams, send: SendLogin): Promise<void> =>
  sendOrHold(parts, ctx, begin(parts, ctx, params), send);

/** The state of a login so far: an outcome, or a phone to wait for. */
type Begun = { kind: 'decided'; login: Login; outcome: LoginOutcome; hasWaited?: boolean } | WaitingLogin;

async function readAndBegin(parts: PrivacyideaParts, ctx: Context): Promise<Begun> {
  return begin(parts, ctx, await readPiRequest(ctx, parts.product));
}

async function begin(parts: PrivacyideaParts, ctx: Context, params: PiParams): Promise<Begun> {
  const caller = await authServerOf(parts, ctx, 'check');
  const run = async (): Promise<Begun> => {
    const underWay = await readLogin(parts, ctx, { given: params, caller });
    const outcome = await runSteps(underWay);
    // The end of a login concerns all push tokens that were found for it.
    const login = { ...underWay, subject: underWay.known };
    return 'waitMs' in outcome ? waitingLogin(login, outcome) : { kind: 'decided', login, outcome };
  };
  return isFirstLeg(params) ? parts.engine.admission.inTurn(caller.server.name, run) : run();
}

async function sendOrHold(parts: PrivacyideaParts, ctx: Context, beginning: Promise<Begun>, send: SendLogin): Promise<void> {
  let begun: Begun;
  try {
    begun = await beginning;
  } catch (error) {
    return send(ctx, Promise.reject(error));
  }
  if (begun.kind === 'waiting') holdLogin(parts, ctx, begun, send);
  else await send(ctx, endLogin(begun));
}

/** A separate function, because its scope is kept in memory while the login waits. */
function holdLogin(parts: PrivacyideaParts, ctx: Context, waiting: WaitingLogin, send: SendLogin): void {
  holdReply(ctx, waitForPhone(parts, ctx, waiting), (again, waited) => send(again, endWaiting(parts, again, waiting, waited)));
}

async function endWaiting(parts: PrivacyideaParts, ctx: Context, waiting: WaitingLogin, waited: Promise<Waited>): Promise<Checked> {
  const ended = await waited;
  const { server, who } = waiting;
  const login = await loginAgain(parts, ctx, { server, subject: { ...who, tokens: ended.tokens } });
  return endLogin({ login, outcome: await outcomeOfWait(login, waiting, ended), hasWaited: true });
}

async function endLogin({
  login,
  outcome,
  hasWaited = false,
}: {
  login: Login;
  outcome: LoginOutcome;
  hasWaited?: boolean;
}): Promise<Checked> {
  if (outcome.isFinal) return { outcome: withAllowedDetail(login, outcome), subject: login.subject };
  if (outcome.value) await clearFailures(login);
  const enrolled = await enrolInLogin(login, outcome).catch((error: unknown) => {
    // The user was accepted, but the push token to enrol cannot be offered: a refusal like any other.
    if (error instanceof PiFault) login.parts.engine.admission.tellRefused(applicantOf(login), 'undeliverable');
    throw error;
  });
  const counted = await countLogin(login, enrolled, { hasFailed: hasWaited && !outcome.value });
  const told = { ...login, subject: withoutOffers(login) };
  return { outcome: withAllowedDetail(login, await withUserDetail(told, counted)), subject: told.subject };
}

/** Counts a finished login. One over a limit is refused although its phone accepted. */
async function countLogin(login: Login, outcome: LoginOutcome, { hasFailed }: { hasFailed: boolean }): Promise<LoginOutcome> {
  const tally = login.parts.engine.admission.tallyOf(applicantOf(login));
  if (hasFailed) await tally.failed();
  const refusal = outcome.value ? await tally.accepted() : undefined;
  if (!refusal) return outcome;
  login.parts.engine.admission.tellRefused(applicantOf(login), refusal.kind);
  return refusedLogin(refusal);
}

/** Omits the detail of an outcome, including a challenge's, when a policy says so. */
function withAllowedDetail({ parts: { engine }, asker, subject: { user, realm } }: Login, outcome: LoginOutcome): LoginOutcome {
  const action = outcome.value ? 'no_detail_on_success' : 'no_detail_on_fail';
  return engine.policy.value(action, engine.facts(asker, { user, realm })) === true ? { ...outcome, isBare: true } : outcome;
}

/**
 * After a login: clears the failures of all tokens found for it, if the policy `reset_all_user_tokens` says so. Those
 * of the token that logged in are always cleared, after the reply. Costs nothing when no token has failures.
 */
async function clearFailures(login: Login): Promise<void> {
  const { engine } = login.parts;
  const { asker } = login;
  const subject = withoutOffers(login);
  const failed = subject.tokens.filter(({ failCount }) => failCount > 0);
  if (failed.length === 0) return;
  const { user, realm } = subject;
  const facts = engine.facts(asker, { user, realm });
  if (engine.policy.value('reset_all_user_tokens', facts)) await engine.pins.forgiveAll(failed);
}
