import type { Context } from 'koa';
import type { Waited } from '../../../engine/index.ts';
import { type PiParams, readPiRequest, sendPi } from '../../formats/privacyidea/index.ts';
import { holdReply } from '../../http/index.ts';
import { countAccepted, countRefused } from './auth-limits.ts';
import { type Begun, beginLogin } from './begin-login.ts';
import { clearFailures } from './clear-failures.ts';
import { enrolInLogin, withoutOffers } from './enrol-in-login.ts';
import { toldOutcome } from './login-rules.ts';
import type { Outcome } from './outcome.ts';
import { askerFor, type PrivacyideaParts } from './parts.ts';
import type { Subject } from './subject.ts';
import { withUserDetail } from './user-detail.ts';
import { afterWaiting, type WaitingLogin, waitForPhone } from './wait-for-phone.ts';

/** What a login came to, and whose it was. */
type Checked = { outcome: Outcome; subject: Subject };

/** Replies with what a login came to, in the words of one route. `checking` rejects with the dialect's refusals. */
export type TellLogin = (ctx: Context, checking: Promise<Checked>) => Promise<void>;

/**
 * `POST|GET /validate/check`: the first leg starts a login by PIN, the second one finishes it by transaction.
 * @see docs/protocols/privacyidea.md 6.1
 */
export const validateCheck = (parts: PrivacyideaParts, ctx: Context): Promise<void> =>
  checkLogin(parts, ctx, async (told, checking) => sendPi(told, parts.product, { id: 2, ...(await checking).outcome }));

/** Does what `/validate/check` does for whoever tells its outcome in another form: at once, or when the phone that it waits for has answered. */
export const checkLogin = (parts: PrivacyideaParts, ctx: Context, tell: TellLogin): Promise<void> =>
  tellOrHold(parts, ctx, readAndBegin(parts, ctx), tell);

/** The same, for parameters that were read already. */
export const checkLoginOf = (parts: PrivacyideaParts, ctx: Context, params: PiParams, tell: TellLogin): Promise<void> =>
  tellOrHold(parts, ctx, beginLogin(parts, ctx, params), tell);

async function readAndBegin(parts: PrivacyideaParts, ctx: Context): Promise<Begun> {
  return beginLogin(parts, ctx, await readPiRequest(ctx, parts.product));
}

async function tellOrHold(parts: PrivacyideaParts, ctx: Context, beginning: Promise<Begun>, tell: TellLogin): Promise<void> {
  let begun: Begun;
  try {
    begun = await beginning;
  } catch (error) {
    return tell(ctx, Promise.reject(error));
  }
  if (begun.kind === 'waiting') holdLogin(parts, ctx, begun, tell);
  else await tell(ctx, endLogin(parts, ctx, begun));
}

/** A function of its own: what it refers to is kept for as long as the login waits. */
function holdLogin(parts: PrivacyideaParts, ctx: Context, waiting: WaitingLogin, tell: TellLogin): void {
  holdReply(ctx, waitForPhone(parts, ctx, waiting), (again, waited) => tell(again, endWaiting(parts, again, waiting, waited)));
}

async function endWaiting(parts: PrivacyideaParts, ctx: Context, waiting: WaitingLogin, waited: Promise<Waited>): Promise<Checked> {
  return endLogin(parts, ctx, await afterWaiting(parts, ctx, waiting, await waited));
}

async function endLogin(parts: PrivacyideaParts, ctx: Context, begun: Exclude<Begun, WaitingLogin>): Promise<Checked> {
  if (begun.kind === 'ended') return begun;
  const { server, known, outcome, hasWaited = false } = begun;
  const subject = withoutOffers(parts, known);
  if (outcome.value) await clearFailures(parts, { asker: askerFor(parts, ctx, server), subject, detail: outcome.detail });
  const enrolled = await enrolInLogin(parts, ctx, { server, subject: known }, outcome);
  const isNo = hasWaited && !outcome.value;
  const counted = await (isNo ? countRefused : countAccepted)(parts, ctx, { server, subject }, enrolled);
  const detailed = await withUserDetail(parts, ctx, { server, subject }, counted);
  return { outcome: toldOutcome(parts, ctx, { server, subject }, detailed), subject };
}
