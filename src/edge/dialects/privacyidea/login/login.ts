import type { Context } from 'koa';
import type { Applicant, Asker, LoginRefusal, Person } from '../../../../engine/index.ts';
import type { LoginRefusalReason, PushToken, Transaction } from '../../../../foundation/model/index.ts';
import type { AuthServer } from '../../../access/index.ts';
import { PiFault, type PiParams } from '../../../formats/privacyidea/index.ts';
import type { Caller } from '../../../http/index.ts';
import { flavourRules } from '../flavour.ts';
import { askerFor, dialect, type PrivacyideaParts } from '../parts.ts';
import { type LoginOutcome, noSuchOwner, refusedLogin } from '../refusals.ts';
import { demandRealm, type Known, knownSubject, NotTheirToken, type Subject, secondSubject, subjectOf, unknownUser } from '../subject.ts';
import { rewritten } from './rewritten.ts';

/** One login: its auth server, its caller with all facts, and its user with the push tokens. Made once per request. */
export type Login = { parts: PrivacyideaParts; server: AuthServer; asker: Asker; subject: Subject };

/**
 * A login in progress. `known` has every push token that was found, `subject` leaves out offers of earlier logins, and
 * `tokens` are the remaining candidates, which the steps narrow. `showed`: the caller showed a credential of its own.
 * `second`: the transaction to finish, if one is named. `isProved`: the PIN was right. `quiet`: the push tokens that
 * the PIN opens, which neither reply nor response time may reveal.
 */
export type LoginUnderWay = Login & {
  showed: boolean;
  known: Subject;
  params: PiParams;
  tokens: PushToken[];
  isProved?: boolean;
  quiet?: { right: PushToken[] };
  second: { id: string; transaction: Transaction | undefined } | undefined;
};

/** Whether a login is a first leg; a second leg names its transaction. */
export const isFirstLeg = (given: PiParams): boolean => transactionIn(given) === '' && !given.flag('cancel_enrollment');

const transactionIn = (params: PiParams): string => params.text('transaction_id') || params.text('state') || '';

/** The login of a request. Throws the dialect's refusals of names. */
export async function readLogin(
  parts: PrivacyideaParts,
  ctx: Context,
  { given, caller }: { given: PiParams; caller: Caller },
): Promise<LoginUnderWay> {
  const asker = askerFor(parts, ctx, caller.server);
  const params = rewritten(parts, asker, given);
  if (flavourRules(parts.product).needsPass) params.required('pass');
  return withRefusalEvent(parts, { asker, params }, () => loginNamed(parts, { caller, asker, params }));
}

async function loginNamed(
  parts: PrivacyideaParts,
  { caller, asker, params }: Pick<Read, 'caller' | 'asker' | 'params'>,
): Promise<LoginUnderWay> {
  const id = transactionIn(params);
  demandRealm(parts, params, asker);
  if (params.flag('cancel_enrollment')) return cancelling(parts, { caller, asker, params, id });
  if (id === '') return underWay({ parts, caller, asker, params, ...(await knownSubject(parts, params, asker, unknownUser)) });
  // In parallel, to save a round trip.
  const [typed, transaction] = await Promise.all([
    subjectOf(parts, params, asker, unknownUser),
    parts.engine.challenges.findOwn(dialect, caller.server.name, id),
  ]);
  const known = await secondSubject(parts, typed, transaction);
  return underWay({ parts, caller, asker, params, ...known, second: { id, transaction } });
}

/** Runs `read`, and publishes a refused login when it throws for an unknown name. */
async function withRefusalEvent<T>(
  parts: PrivacyideaParts,
  { asker, params }: Pick<Read, 'asker' | 'params'>,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const applicant = { asker, user: params.text('user') ?? '', realm: params.text('realm') ?? '' };
    if (error instanceof NotTheirToken) parts.engine.admission.tellRefused(applicant, 'no-token');
    else if (error instanceof PiFault && (error.kind === 'unknown-user' || error.kind === 'not-found'))
      parts.engine.admission.tellRefused(applicant, 'unknown-user');
    throw error;
  }
}

/** The login that an administrator starts for a user, without a PIN. Throws the same refusals. */
export async function readTrigger(
  parts: PrivacyideaParts,
  ctx: Context,
  { given, caller }: { given: PiParams; caller: Caller },
): Promise<LoginUnderWay> {
  const asker = askerFor(parts, ctx, caller.server);
  const params = rewritten(parts, asker, given);
  const known = await withRefusalEvent(parts, { asker, params }, () => knownSubject(parts, params, asker, noSuchOwner));
  return underWay({ parts, caller: { ...caller, showed: true }, asker, params, ...known });
}

/** Cancels an enrolment; only its transaction names the user. */
async function cancelling(
  parts: PrivacyideaParts,
  { id, ...read }: Omit<Read, 'parts' | 'second' | keyof Known> & { id: string },
): Promise<LoginUnderWay> {
  const transaction = id === '' ? undefined : await parts.engine.challenges.findOwn(dialect, read.caller.server.name, id);
  const { user, realm } = transaction ?? { user: '', realm: '' };
  const record = transaction && (await parts.engine.people.recordForPolicies(transaction));
  return underWay({ ...read, parts, subject: { user, realm, tokens: [] }, record, second: { id, transaction } });
}

type Read = { parts: PrivacyideaParts; caller: Caller; asker: Asker; params: PiParams; second?: LoginUnderWay['second'] } & Known;

async function underWay({ parts, caller, asker, params, subject, record, second }: Read): Promise<LoginUnderWay> {
  const login = { parts, server: caller.server, asker: await loginAsker(parts, asker, subject, record), subject };
  const shown = withoutOffers(login);
  return { ...login, showed: caller.showed, params, second, known: subject, subject: shown, tokens: shown.tokens };
}

const loginAsker = ({ engine }: PrivacyideaParts, asker: Asker, { user, realm }: Subject, person: Person | undefined): Promise<Asker> =>
  engine.admission.askerForLogin({ asker, user, realm }, person);

/** A login after a wait, with its push tokens read again. */
export async function loginAgain(
  parts: PrivacyideaParts,
  ctx: Context,
  { server, subject }: Pick<Login, 'server' | 'subject'>,
): Promise<Login> {
  return { parts, server, asker: await loginAsker(parts, askerFor(parts, ctx, server), subject, subject.person), subject };
}

/** The user of a login, for policies. */
export const applicantOf = ({ asker, subject: { user, realm } }: Pick<Login, 'asker' | 'subject'>): Applicant => ({ asker, user, realm });

/** Publishes the refusal of a login, with its remaining push tokens. */
export function tellRefused(login: LoginUnderWay, reason: LoginRefusalReason): void {
  const serials = login.tokens.map(({ serial }) => serial);
  login.parts.engine.admission.tellRefused(applicantOf(login), reason, { serials, transaction: login.second?.id });
}

/** Publishes a refusal by admission and returns its outcome, or throws the dialect's fault. */
export function refusedBy(login: LoginUnderWay, refusal: LoginRefusal): LoginOutcome {
  tellRefused(login, refusal.kind);
  return refusedLogin(refusal);
}

/** Narrows a login to the admitted push tokens; returns the outcome of a refused login. */
export function admit(login: LoginUnderWay): LoginOutcome | undefined {
  const { parts, showed, params } = login;
  const refusal = parts.engine.admission.mayLogIn(applicantOf(login), { showed });
  if (refusal) return refusedBy(login, refusal);
  // Clients that were shown another type ask for that one.
  const wanted = params.text('type')?.toLowerCase() || undefined;
  const isAsked = (token: PushToken): boolean =>
    wanted === undefined || wanted === token.type.toLowerCase() || wanted === shownType(parts, login.asker, token);
  login.tokens = parts.engine.admission.admittedTokens(login.asker, login.tokens, isAsked);
  return undefined;
}

/** The subject without offers of earlier logins that no phone took, unless requested by serial. */
export const withoutOffers = ({ parts: { engine }, subject }: Pick<Login, 'parts' | 'subject'>): Subject =>
  subject.serial === undefined
    ? { ...subject, tokens: subject.tokens.filter((token) => !engine.challenges.isOfferedInLogin(token)) }
    : subject;

/** The text for a user whom no source of the realm knows. */
export const unknownUserText = ({ user, realm }: Subject): string => unknownUser(`${user}@${realm}`);

/**
 * The token type to show to clients. Policy `edupush_shown_as` shows an edupush token as `push` to clients that know no
 * other.
 * @see docs/protocols/privacyidea.md 13
 */
export function shownType({ engine }: PrivacyideaParts, asker: Asker, token: PushToken): string {
  const facts = engine.facts(asker, token.owner, token);
  return engine.policy.value('edupush_shown_as', facts) ?? token.type;
}
