import type { Asker } from '../../../../engine/index.ts';
import { type LoginRefusalReason, ok, type PushToken, type Result, refused, type Transaction } from '../../../../foundation/model/index.ts';
import { fitsLinotp, LinotpFault, type LinotpParams } from '../../../formats/linotp/index.ts';
import type { LinotpParts } from '../parts.ts';
import { childId, idOf, newNaming } from '../transaction-ids.ts';

/**
 * A started challenge under the caller's ids: the transaction's, or with `.NN` for each of several. `place`: the
 * engine's number of this request.
 */
export type Triggered = {
  transaction: Transaction;
  id: string;
  challenges: { id: string; token: PushToken }[];
  place?: number | undefined;
};

/**
 * The request to ask all these push tokens at once. `pass` is the caller's proof, which it sends again when polling.
 * `consume`: `never` for callers that poll, `once` for those that finish. `waitMs`: how long the caller waits itself.
 * `isProved`: a needed PIN was right.
 */
export type TriggerRequest = {
  asker: Asker;
  user: string;
  realm: string;
  typed?: string | undefined;
  source: string | undefined;
  tokens: readonly PushToken[];
  /** The push tokens that the PIN opens, in a quiet login. */
  quiet?: { right: readonly PushToken[] } | undefined;
  prompt: LinotpPrompt;
  pass: string;
  consume: 'once' | 'never';
  waitMs?: number;
  isProved?: boolean | undefined;
};

/** The prompt on the phone. */
export type LinotpPrompt = { title: string; question: string; shape?: 'login'; isExact?: boolean };

const usual: LinotpPrompt = { title: 'LinOTP', question: 'Do you want to confirm the login?' };

/**
 * The prompt from `data` and `content_type`: a text to sign (0), or login and host (2), split at the first `@`. Without
 * `data`, undefined unless policies allow the default prompt. Throws for another content type and for texts that do not
 * fit.
 * @see docs/protocols/linotp.md 8.2, 8.5
 */
export function promptOf(params: LinotpParams, mayBeUsual: boolean): LinotpPrompt | undefined {
  const data = params.text('data');
  if (data === undefined || params.text('challenge') !== undefined) return mayBeUsual ? usual : undefined;
  switch (params.text('content_type') ?? '0') {
    case '0':
      if (!fitsLinotp('message', data)) throw new LinotpFault('validation', 'data is too long, or holds NUL');
      return { title: usual.title, question: data, isExact: true };
    case '2':
      return loginPrompt(data);
    default:
      throw new LinotpFault('validation', 'unknown content_type');
  }
}

function loginPrompt(data: string): LinotpPrompt {
  const at = data.indexOf('@');
  const [login, host] = at < 0 ? [data, ''] : [data.slice(0, at), data.slice(at + 1)];
  if (!fitsLinotp('login', login) || !fitsLinotp('host', host))
    throw new LinotpFault('validation', 'login or host is too long, or holds NUL');
  return { title: host, question: login, shape: 'login', isExact: true };
}

/**
 * Starts a transaction for all these push tokens. If some are paired but not activated, only those are asked, for
 * activation. Stored first, then delivered; refused when no phone could be reached or admission refuses.
 * @see docs/protocols/linotp.md 8.4, 8.5, 11
 */
export async function trigger({ engine }: LinotpParts, request: TriggerRequest): Promise<Result<Triggered, LoginRefusalReason>> {
  const { asker, consume, tokens: all, quiet, ...login } = request;
  const isToActivate = ({ rollout }: PushToken): boolean => rollout !== 'enrolled';
  // A quiet login is for all of a user's push tokens, regardless of the PIN: one that awaits activation does not
  // exclude the others.
  const isActivating = quiet ? all.every(isToActivate) : all.some(isToActivate);
  const asked = all.filter((token) => isToActivate(token) === isActivating);
  const kind = isActivating ? ('activation' as const) : ('login' as const);
  const rule = { declineSettles: true, consume, graceMs: 0 };
  const naming = () => newNaming(asked.length);
  const wanted = { ...login, asker, tokens: asked, kind, naming, rule };
  if (quiet) {
    const right = asked.filter((token) => quiet.right.includes(token));
    const { transaction } = await engine.challenges.issueQuietly({ ...wanted, right });
    // Descriptions would distinguish stored push tokens from made-up ones.
    return ok(
      triggeredFor(
        transaction,
        asked.map((token) => ({ ...token, description: '' })),
      ),
    );
  }
  const issued = await engine.challenges.issue(wanted);
  if (!issued.ok) return refused(issued.error.kind);
  const { transaction, tokens, hasJoined, place } = issued.value;
  const delivered = await engine.challenges.deliver({ ...issued.value, asker });
  const reached = tokens.filter(({ serial }) => delivered.some((each) => each.serial === serial && (each.sent || each.pollable)));
  if (reached.length === 0) {
    if (!hasJoined) await engine.challenges.withdraw(transaction);
    return refused('undeliverable');
  }
  return ok({ ...triggeredFor(transaction, reached), place });
}

/** The parts of a transaction for the caller. */
const triggeredFor = (transaction: Transaction, reached: readonly PushToken[]): Triggered => ({
  transaction,
  id: idOf(transaction),
  challenges: reached.map((token) => ({ id: childId(transaction, token), token })),
});
