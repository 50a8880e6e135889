import { createHmac } from 'node:crypto';
import type { Transaction } from '../../foundation/model/index.ts';
import { pushLimit } from '../../policy/index.ts';
import { applyEvent } from '../decisions/apply.ts';
import { factsOf } from '../facts.ts';
import { type EngineParts, originOf } from '../parts.ts';
import { clientOf } from '../people/known-clients.ts';
import { personKey } from '../people/person-key.ts';
import { isFirstLegPass } from './first-leg.ts';
import type { Issued, IssueRequest } from './issue-request.ts';

const purpose = 'repeat';
/** How many logins of identical requests begin in one window; one more is found by nobody. */
const mostLogins = 4;
const digitCount = 17;
/** So far the clocks of gateways may be apart. */
const skewMs = 2_000;

/** What identical requests have in common, under the current key of the keyring, and how long they are one login (ms). */
export type Repeatable = { same: string; key: Buffer; windowMs: number };

/** Undefined where no identical request may join: policies say nothing of it, no PIN was proved, or the auth server tells no client. */
export function repeatableOf(parts: EngineParts, request: IssueRequest): Repeatable | undefined {
  const { asker, user, realm, typed, source, tokens, prompt, ask, rule, waitMs, kind = 'login' } = request;
  if (!request.isProved || kind !== 'login' || request.isTest) return undefined;
  const facts = factsOf(parts, asker, { user, realm }, tokens[0]);
  const windowMs = pushLimit(parts.policy, 'push_repeat_window', facts) * 1000;
  const client = windowMs > 0 ? clientOf(parts, request) : undefined;
  const key = parts.keyring.derive(purpose);
  if (client === undefined || key === undefined) return undefined;
  const whom = [personKey(parts, { user, realm }), typed, source, tokens.map(({ serial }) => serial)];
  const how = [asker.authServer, asker.dialect, asker.mount, client, ask?.mode, rule, waitMs];
  const words = [prompt, parts.policy.value('push_title_on_mobile', facts), parts.policy.value('push_text_on_mobile', facts)];
  return { same: JSON.stringify([whom, how, words]), key, windowMs };
}

/** A login that a request joined; or the digits under which it begins one that others find, undefined where all are taken. */
type Found = { kind: 'joined'; issued: Issued; digits?: undefined } | { kind: 'none'; digits: string | undefined };

/**
 * Looks where identical requests begin their logins: in this window of time, in the one before it, and in the next one where another gateway may be ahead. The digits are
 * an HMAC, so that two gateways make the same ones, and the store lets only one of them begin; nobody else can make them. Two gateways that are asked at the very
 * moment between two windows may both begin.
 */
export async function findRepeated(parts: EngineParts, request: IssueRequest, repeatable: Repeatable): Promise<Found> {
  const bucket = String(request.tokens[0]?.bucket ?? 0).padStart(3, '0');
  const now = parts.clock();
  const windowAt = (moment: number): number => Math.floor(moment / repeatable.windowMs);
  const current = windowAt(now);
  let digits: string | undefined;
  for (const window of new Set([windowAt(now + skewMs), current, current - 1]))
    for (let number = 0; number < mostLogins; number += 1) {
      const named = digitsOf(repeatable, window, number);
      const transaction = await parts.store.findTransaction(`${bucket}${named}`);
      if (!transaction) {
        if (window === current) digits = named;
        break;
      }
      const issued = await join(parts, request, { transaction, repeatable });
      if (issued) return { kind: 'joined', issued };
    }
  return { kind: 'none', digits };
}

function digitsOf({ same, key }: Repeatable, window: number, number: number): string {
  const made = createHmac('sha256', key)
    .update(JSON.stringify([same, window, number]))
    .digest();
  return String(made.readBigUInt64BE() % 10n ** BigInt(digitCount)).padStart(digitCount, '0');
}

/** Joins this login, unless it is too old, began with another pass, or `decide` refuses. */
async function join(
  parts: EngineParts,
  { asker, user, realm, tokens: all, waitMs, pass }: IssueRequest,
  { transaction: found, repeatable }: { transaction: Transaction; repeatable: Repeatable },
): Promise<Issued | undefined> {
  if (parts.clock() - found.createdAt >= repeatable.windowMs) return undefined;
  if (pass !== undefined && !isFirstLegPass(parts.keyring, found, pass)) return undefined;
  const tokens = all.filter(({ serial }) => found.decision.challenges.some((challenge) => challenge.serial === serial));
  const about = { transaction: found.id, serials: tokens.map(({ serial }) => serial), user, realm };
  const waits = waitMs !== undefined;
  const act = { kind: 'login-joined', origin: originOf(asker), ...about } as const;
  const { reply, transaction } = await applyEvent(parts, found, { kind: 'joined', waits }, act);
  if (reply !== 'taken') return undefined;
  return { transaction, tokens, hasJoined: true, place: waits ? transaction.decision.repeats?.joined : undefined };
}
