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
/** How many logins of identical requests can begin in one window; identical requests do not find any later one. */
const maxLogins = 4;
const digitCount = 17;
/** Largest expected difference between the clocks of gateways. */
const skewMs = 2_000;

/** The common content of identical requests, the key for their ids, and how long they join one login (ms). */
export type Repeatable = { same: string; key: Buffer; windowMs: number };

/**
 * Undefined when no identical request may join: without a policy for it, a proved PIN, or a client from the auth
 * server.
 */
export function repeatableOf(parts: EngineParts, request: IssueRequest): Repeatable | undefined {
  const { asker, user, realm, typed, source, tokens, prompt, ask, rule, waitMs, kind = 'login' } = request;
  if (!request.isProved || kind !== 'login' || request.isTest) return undefined;
  const facts = factsOf(parts, asker, { user, realm }, tokens[0]);
  const windowMs = pushLimit(parts.policy, 'push_repeat_window', facts) * 1000;
  const client = windowMs > 0 ? clientOf(parts, request) : undefined;
  const key = parts.keyring.derive(purpose);
  if (client === undefined || key === undefined) return undefined;
  const person = [personKey(parts, { user, realm }), typed, source, tokens.map(({ serial }) => serial)];
  const how = [asker.authServer, asker.dialect, asker.mount, client, ask?.mode, rule, waitMs];
  const words = [prompt, parts.policy.value('push_title_on_mobile', facts), parts.policy.value('push_text_on_mobile', facts)];
  return { same: JSON.stringify([person, how, words]), key, windowMs };
}

/**
 * A login that the request joined; or the id digits for a new login that others will find, undefined if all are taken.
 */
type Found = { kind: 'joined'; issued: Issued; digits?: undefined } | { kind: 'none'; digits: string | undefined };

/**
 * Looks for the login of an identical request in the current window of time, the one before, and the next one, in case
 * another gateway's clock is ahead. The digits are an HMAC: two gateways derive the same ones, the store accepts only
 * one transaction for them, and nobody else can guess them. Two gateways that are asked at the border of two windows
 * may both begin a login.
 */
export async function findRepeated(parts: EngineParts, request: IssueRequest, repeatable: Repeatable): Promise<Found> {
  const bucket = String(request.tokens[0]?.bucket ?? 0).padStart(3, '0');
  const now = parts.clock();
  const windowAt = (moment: number): number => Math.floor(moment / repeatable.windowMs);
  const current = windowAt(now);
  let digits: string | undefined;
  for (const window of new Set([windowAt(now + skewMs), current, current - 1]))
    for (let number = 0; number < maxLogins; number += 1) {
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

/** Joins this login, unless it is too old, began with another PIN, or `decide` refuses. */
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
