import type { Context } from 'koa';
import { type Asker, isUsable } from '../../../engine/index.ts';
import type { PushToken, Transaction } from '../../../foundation/model/index.ts';
import type { AuthServer } from '../../access/index.ts';
import { PiFault, type PiParams } from '../../formats/privacyidea/index.ts';
import { countRefused, refusedByLimit } from './auth-limits.ts';
import { authServerOf, requireApiKey } from './caller.ts';
import { cancelEnrolment, withoutOffers } from './enrol-in-login.ts';
import { flavourRules } from './flavour.ts';
import { demandKnown, knownSubject, secondSubject } from './known-user.ts';
import { allowedTokens, demandAuthorized } from './login-rules.ts';
import { type Outcome, refuse } from './outcome.ts';
import { askerFor, type PrivacyideaParts } from './parts.ts';
import { passOn } from './pass-on.ts';
import { checkTypedPin, spendTypedPin } from './pin-rule.ts';
import { isRevoked } from './refusals.ts';
import { rewritten } from './rewritten.ts';
import { shownType } from './shown-type.ts';
import { type LoginRequest, notStarted, startedDetail, startLogin } from './start-login.ts';
import { type Subject, subjectOf } from './subject.ts';
import { type AskedPhone, type DecidedLogin, type WaitingLogin, waitingLogin } from './wait-for-phone.ts';

const unknownUser = (name: string): string => `User <${name}> does not exist.`;

/** A login that came to its outcome, or to its end without any rule for what follows, or that waits. */
export type Begun = { kind: 'ended'; outcome: Outcome; subject: Subject } | DecidedLogin | WaitingLogin;

/** A login up to its outcome, or up to where the reply waits for the phone. Throws the dialect's refusals. */
export async function beginLogin(parts: PrivacyideaParts, ctx: Context, given: PiParams): Promise<Begun> {
  const caller = await authServerOf(parts, ctx, 'check');
  const { server } = caller;
  const params = rewritten(parts, ctx, server, given);
  if (flavourRules(parts.product).needsPass) params.required('pass');
  const id = params.text('transaction_id') || params.text('state');
  if (params.flag('cancel_enrollment')) return { kind: 'ended', ...(await cancelEnrolment(parts, ctx, caller, id)) };
  // Asked for at once: whoever finishes waits for one round trip less.
  const [named, transaction] = await Promise.all([
    id ? subjectOf(parts, params, server, unknownUser) : knownSubject(parts, ctx, params, { server, unknownUser }),
    id ? parts.engine.findOwn(id, server.name) : undefined,
  ]);
  const known = id ? await secondSubject(parts, ctx, named, transaction) : named;
  const subject = withoutOffers(parts, known);
  requireApiKey(parts, ctx, caller, subject);
  demandAuthorized(parts, ctx, { server, subject });
  const outcome = await outcomeOf(parts, ctx, { params, server, subject, second: id ? { transaction } : undefined });
  return 'waitMs' in outcome ? waitingLogin(server, known, outcome) : { kind: 'decided', server, known, outcome };
}

type Login = { params: PiParams; server: AuthServer; subject: Subject; second: { transaction: Transaction | undefined } | undefined };

async function outcomeOf(parts: PrivacyideaParts, ctx: Context, { params, server, subject, second }: Login): Promise<Outcome | AskedPhone> {
  const asker = askerFor(parts, ctx, server);
  const allowed = { ...subject, tokens: allowedTokens(parts, ctx, { server, subject }, params) };
  if (second?.transaction?.kind === 'enrolment') return secondLeg(parts, asker, { ...allowed, ...second, code: '' });
  const limited = second ? undefined : await refusedByLimit(parts, ctx, { server, subject });
  if (limited) return limited;
  const passed = second ? undefined : await passOn(parts, ctx, { params, server, subject });
  if (passed) return passed;
  const usable = { ...allowed, tokens: usableTokens(allowed.tokens, parts.engine.clock()) };
  if (!second && usable.tokens.length === 0) await spendTypedPin(parts, ctx, { server, subject, pin: params.text('pass') ?? '' });
  demandKnown(subject, unknownUser);
  if (subject.tokens.length === 0) return refuse('The user has no tokens assigned');
  if (usable.tokens.length === 0) return refuse('No suitable token found for authentication.');
  if (second) return secondLeg(parts, asker, { ...usable, ...second, code: params.text('pass') ?? '' });
  if (subject.serial !== undefined && params.flag('otponly')) return refuse('OTP verification failed.');
  return firstLeg(parts, ctx, server, usable, params);
}

async function firstLeg(
  parts: PrivacyideaParts,
  ctx: Context,
  server: AuthServer,
  subject: Subject,
  params: PiParams,
): Promise<Outcome | AskedPhone> {
  const checked = await checkTypedPin(parts, ctx, { server, subject, pin: params.text('pass') ?? '' });
  if (checked.kind === 'exceeded') return refuse('Failcounter exceeded');
  if (checked.matching.length === 0) return countRefused(parts, ctx, { server, subject }, refuse('wrong otp pin'));
  const login = { server, subject: { ...subject, tokens: checked.matching }, mustBeSent: params.flag('exception') };
  const waitMs = waitOf(parts, ctx, login);
  const started = await startLogin(parts, ctx, { ...login, ...(waitMs === undefined ? {} : { waitMs }) });
  if (started.kind === 'unreachable' && login.mustBeSent) throw new PiFault('validation', 'Failed to submit message to push gateway.');
  if (started.kind !== 'started') return refuse(notStarted[started.kind]);
  if (waitMs === undefined) return { value: false, detail: startedDetail(parts, started) };
  return { id: started.transaction.id, serials: started.tokens.map(({ serial }) => serial), waitMs };
}

/** How long the reply itself waits for the answer (ms), where policies say that it does. */
function waitOf(parts: PrivacyideaParts, ctx: Context, { server, subject }: LoginRequest): number | undefined {
  const { user, realm } = subject;
  const facts = parts.engine.facts(askerFor(parts, ctx, server), { user, realm });
  const types = [...new Set(subject.tokens.map(({ type }) => type))];
  const seconds = types.flatMap((tokenType) => parts.engine.policy.value('push_wait', { ...facts, tokenType }) ?? []);
  return seconds.length === 0 ? undefined : Math.max(...seconds) * 1000;
}

function usableTokens(tokens: readonly PushToken[], now: number): PushToken[] {
  if (tokens.length > 0 && tokens.every(({ revoked }) => revoked)) throw isRevoked();
  return tokens.filter((token) => isUsable(token, now));
}

async function secondLeg(
  parts: PrivacyideaParts,
  asker: Asker,
  { user, realm, serial, tokens, transaction, code }: Subject & { transaction: Transaction | undefined; code: string },
): Promise<Outcome> {
  // A token without an owner is asked for by its serial alone.
  const who = user === '' ? {} : { user: { user, realm } };
  const finished = await parts.engine.finish({
    ...{ transaction, code, client: asker.client, usable: tokens },
    ...who,
    ...(serial === undefined ? {} : { serial }),
  });
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
    case 'exceeded':
      return refuse('Failcounter exceeded');
    case 'unknown':
      // The same words for an id that never was, was used, has ended, or is another's; and nothing is counted against the user.
      return refuse('wrong otp pin');
    default:
      return finished satisfies never;
  }
}
