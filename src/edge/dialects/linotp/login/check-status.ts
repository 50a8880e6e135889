import type { Context } from 'koa';
import { type Asker, awaitsActivation, isInService, isOver, ownerOf } from '../../../../engine/index.ts';
import type { Challenge, LoginRefusalReason, Transaction } from '../../../../foundation/model/index.ts';
import { failsWith, type LinotpParams, readLinotpRequest, sendLinotp } from '../../../formats/linotp/index.ts';
import type { Caller } from '../../../http/index.ts';
import { authServerOf } from '../caller.ts';
import { askerFor, type LinotpParts } from '../parts.ts';
import { askerAbout, resolved, sourceNamed, withRefusalEvent } from '../subject.ts';
import { childId, idOf, parentOf } from '../transaction-ids.ts';
import { passRule } from './pass.ts';

/**
 * `GET|POST /validate/check_status`: the status of a transaction's challenges, for a caller who sends its pass again.
 * `value` says that there are any, not that the login was accepted. Consumes nothing.
 * @see docs/protocols/linotp.md 10.4
 */
export async function validateCheckStatus(parts: LinotpParts, ctx: Context): Promise<void> {
  failsWith(ctx, { id: 0, value: false });
  const params = await readLinotpRequest(ctx);
  const caller = await authServerOf(parts, ctx, 'poll');
  const id = params.text('transactionid') ?? params.required('state');
  const pass = params.required('pass');
  const transaction = await parts.engine.challenges.findOwnForeign('linotp', caller.server.name, parentOf(id));
  const asker = transaction && (await askerAbout(parts, askerFor(parts, ctx, caller.server), transaction));
  const shown = transaction && asker ? await shownOf(parts, { asker, caller, transaction, id, pass, params }) : [];
  if (shown.length === 0) return sendLinotp(ctx, parts.product, { id: 0, value: false });
  sendLinotp(ctx, parts.product, { id: 0, value: true, detail: { transactions: Object.fromEntries(shown) } });
}

type Question = { asker: Asker; caller: Caller; transaction: Transaction; id: string; pass: string; params: LinotpParams };
type Shown = readonly [id: string, status: Record<string, unknown>];

async function shownOf(parts: LinotpParts, question: Question): Promise<Shown[]> {
  const { transaction, id, params } = question;
  const { state, challenges } = transaction.decision;
  // An ended transaction is an empty reply, but not a refusal.
  if (state === 'withdrawn' || isOver(transaction, parts.engine.clock())) return [];
  const refusal = await withRefusalEvent(parts, question, () => refusalOf(parts, question));
  if (refusal) {
    const {
      asker,
      transaction: { id: told, user, realm },
    } = question;
    parts.engine.admission.tellRefused({ asker, user, realm }, refusal, { transaction: told });
    return [];
  }
  const serial = params.text('serial') || undefined;
  return challenges
    .filter((challenge) => id === idOf(transaction) || id === childId(transaction, challenge))
    .filter((challenge) => serial === undefined || serial === challenge.serial)
    .map((challenge) => [childId(transaction, challenge), statusOf(challenge, transaction.decision)]);
}

/** Why the status of a transaction is withheld; undefined when it may be given. Here the status is the login. */
async function refusalOf(parts: LinotpParts, question: Question): Promise<LoginRefusalReason | undefined> {
  const { asker, caller, transaction, params } = question;
  const { user, realm } = transaction;
  if (!(await isAbout(parts, params, transaction))) return 'unknown-transaction';
  if (!(await isAllowed(parts, question))) return 'wrong-pin';
  const denied = parts.engine.admission.mayLogIn({ asker, user, realm }, caller);
  if (denied) return denied.kind;
  if (!(await isAdmittedToken(parts, question))) return 'unusable-token';
  return limitRefusal(parts, question);
}

/**
 * Whether a transaction belongs to the named user; sources are asked only for a name other than the transaction's own.
 */
async function isAbout(parts: LinotpParts, params: LinotpParams, transaction: Transaction): Promise<boolean> {
  const name = params.text('user');
  if (!name) return true;
  const who = resolved(parts, params, name);
  const source = sourceNamed(parts, params, who.realm);
  if (parts.engine.people.isBegunBy(transaction, { ...who, source })) return true;
  const record = await parts.engine.people.recordOf(who.user, who.realm, source);
  return record !== undefined && parts.engine.people.isSameUser(ownerOf(record, who.realm), transaction);
}

async function isAllowed({ engine }: LinotpParts, { asker, transaction, pass, params }: Question): Promise<boolean> {
  const facts = engine.facts(asker, { user: transaction.user, realm: transaction.realm });
  const alone = params.text('user') ? undefined : params.text('serial');
  return passRule(engine.policy, facts) === 'any' || engine.challenges.checkFirstLeg({ transaction, pass, source: asker.client, alone });
}

/** Whether policies still admit the push token that has accepted. */
async function isAdmittedToken({ engine }: LinotpParts, { asker, transaction }: Question): Promise<boolean> {
  const accepted = transaction.decision.challenges.find(({ state }) => state === 'accepted');
  if (!accepted) return true;
  const token = await engine.tokens.find(accepted.serial);
  const now = engine.clock();
  // The login counts already: it may be the push token's last allowed one.
  return (
    token !== undefined &&
    (isInService(token, now) || awaitsActivation(token, now)) &&
    engine.admission.admittedTokens(asker, [token]).length > 0
  );
}

/** Whether an accepted login exceeds a limit; then it is withdrawn. */
async function limitRefusal({ engine }: LinotpParts, { asker, transaction }: Question): Promise<LoginRefusalReason | undefined> {
  if (transaction.kind !== 'login' || transaction.decision.state !== 'accepted') return undefined;
  const { user, realm, id } = transaction;
  const refusal = await engine.admission.tallyOf({ asker, user, realm }).accepted(id);
  if (refusal) await engine.challenges.withdraw(transaction);
  return refusal?.kind;
}

/**
 * The status of a challenge: `accept` or `reject` is set for the answered one; the others of its transaction are closed
 * with it.
 * @see docs/protocols/linotp.md 10.4, 11
 */
function statusOf({ serial, state }: Challenge, { state: whole, rule }: Transaction['decision']): Record<string, unknown> {
  // A quiet login reveals nothing but an accept.
  const isAnswered = state === 'accepted' || (!rule.quiet && (state === 'declined' || state === 'locked'));
  return {
    received_count: isAnswered ? 1 : 0,
    received_tan: isAnswered,
    valid_tan: state === 'accepted',
    message: '',
    status: isAnswered || whole !== 'open' ? 'closed' : 'open',
    accept: state === 'accepted' || undefined,
    reject: (isAnswered && state !== 'accepted') || undefined,
    token: { serial, type: 'push' },
  };
}
