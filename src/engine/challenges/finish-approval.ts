import type { Transaction } from '../../foundation/model/index.ts';
import { admittedTokens, type LoginRefusal, mayLogIn, tellRefused } from '../admission/admission.ts';
import { tallyOf } from '../admission/login-rates.ts';
import { type Status, statusOf } from '../decisions/status.ts';
import { limitedSource } from '../limits/index.ts';
import type { Applicant, Asker, EngineParts } from '../parts.ts';
import { askerForLogin } from '../people/known-clients.ts';
import { recordForPolicies } from '../people/person.ts';
import { isUsable } from '../records/usable.ts';
import { finish } from './finish.ts';
import { isFirstLegPass } from './first-leg.ts';

/** An application that takes its approval. `binding` and `code` as the user's session has them. */
export type FinishApproval = {
  transaction: Transaction;
  asker: Asker;
  /** The caller showed a credential of its own. */
  showed: boolean;
  binding?: string | undefined;
  code?: string | undefined;
};

/** The result. `accepted` comes once for each approval. */
export type ApprovalFinished =
  | { kind: 'accepted'; serial: string }
  | { kind: 'wrong-binding' | 'wrong-code' }
  | { kind: 'not-accepted'; status: Status }
  | { kind: 'refused'; refusal: LoginRefusal };

/** {@link Challenges.finishApproval}. */
export async function finishApproval(parts: EngineParts, request: FinishApproval): Promise<ApprovalFinished> {
  const { transaction, asker: asking, showed, code } = request;
  const { user, realm } = transaction;
  if (!(await isBound(parts, request))) return { kind: 'wrong-binding' };
  const asker = await askerForLogin(parts, { asker: asking, user, realm }, await recordForPolicies(parts, transaction));
  const applicant = { asker, user, realm };
  const refusal = mayLogIn(parts, applicant, { showed });
  if (refusal) return refuse(parts, applicant, { transaction, refusal });
  const usable = await usableTokens(parts, asker, transaction);
  const who = user === '' ? { serial: transaction.decision.challenges[0]?.serial } : { user: transaction };
  const before = statusOf(transaction, parts.clock());
  const finished = await finish(parts, { transaction, usable, ...who, ...(code === undefined ? {} : { code }) });
  if (finished.kind === 'accepted') {
    const tooOften = await tallyOf(parts, applicant).accepted();
    return tooOften ? refuse(parts, applicant, { transaction, refusal: tooOften }) : finished;
  }
  if (before === 'code-shown' && code !== undefined && finished.kind === 'not-answered') return { kind: 'wrong-code' };
  const now = (await parts.store.findTransaction(transaction.id)) ?? transaction;
  return { kind: 'not-accepted', status: statusOf(now, parts.clock()) };
}

/**
 * Whether the caller shows the binding of the approval, or neither has one. A right one is always accepted; wrong ones
 * count against their source.
 */
async function isBound(parts: EngineParts, { transaction, asker, binding }: FinishApproval): Promise<boolean> {
  if (transaction.firstLeg === undefined) return binding === undefined;
  if (binding !== undefined && isFirstLegPass(parts.keyring, transaction, binding)) return true;
  await parts.limits.failedOrThrow('status', limitedSource(asker.client, { serial: transaction.id }));
  return false;
}

/** The asked push tokens that may be used now. */
async function usableTokens(parts: EngineParts, asker: Asker, { decision }: Transaction) {
  const found = await Promise.all(decision.challenges.map(({ serial }) => parts.store.findToken(serial)));
  const now = parts.clock();
  return admittedTokens(
    parts,
    asker,
    found.filter((token) => token !== undefined),
  ).filter((token) => isUsable(token, now));
}

function refuse(
  parts: EngineParts,
  applicant: Applicant,
  { transaction, refusal }: { transaction: Transaction; refusal: LoginRefusal },
): ApprovalFinished {
  tellRefused(parts, applicant, refusal.kind, { transaction: transaction.id });
  return { kind: 'refused', refusal };
}
