import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayFault, type LoginRefusalReason, type Transaction } from '../../foundation/model/index.ts';
import { type LoginRefusal, mayLogIn, tellRefused } from '../admission/admission.ts';
import { factsOf } from '../facts.ts';
import { type EngineParts, ownerNames } from '../parts.ts';
import { claim } from './claim.ts';
import { deliverClaimed, type Settled } from './deliver-claimed.ts';
import { leaseMs, withClaim } from './held-claim.ts';
import { findPhone, type RelayPhone } from './phone.ts';
import { planRelay, type RelayPlan, type Unreachable } from './plan.ts';
import type { RelayRequest } from './request.ts';
import { isSameChallenge, relayTransaction } from './transaction.ts';
import { waitForChange } from './wait.ts';

/**
 * An outcome; `transaction` is the id of the stored challenge, absent when nothing had to be stored. `isRepeated`: it is
 * that of an earlier request.
 */
type Outcome = Settled & { transaction?: string; isRepeated?: true };

/**
 * The reply to a relayed challenge. `conflict`: its id belongs to another challenge of this auth server, the
 * `transaction`. `unknown-gda`: this auth server has no such phone. `limited`: its phone got as many as policies allow,
 * until `retryMs` from now. `refused`: admission refuses the caller.
 */
export type RelayReply =
  | Outcome
  | { kind: 'conflict'; transaction: string }
  | { kind: 'unknown-gda' }
  | { kind: 'limited'; retryMs: number }
  | { kind: 'refused'; refusal: LoginRefusal };

/** Each renewal of a claim ends one wait, so a delivery may take this many. */
const maxAttempts = 60;
const retryMs = 50;

/** {@link Relay.deliver}. */
export const relay = (parts: EngineParts, request: RelayRequest): Promise<RelayReply> =>
  parts.loginQueue.run(request.asker.authServer, async () => {
    const { asker } = request;
    const phone = await findPhone(parts, request);
    const names = phone.token ? ownerNames(phone.token) : { user: '', realm: '' };
    const refusal = mayLogIn(parts, { asker, ...names }, request);
    const reply: RelayReply = refusal ? { kind: 'refused', refusal } : await relayAdmitted(parts, request, phone);
    if (reply.kind === 'sent' || reply.kind === 'queued') return reply;
    const reason = reply.kind === 'refused' ? reply.refusal.kind : undelivered[reply.kind];
    tellRefused(parts, { asker, ...names }, reason, { serials: phone.token ? [phone.token.serial] : [] });
    return reply;
  });

/** Why an admitted challenge reached no phone. */
const undelivered: Record<Exclude<RelayReply['kind'], 'sent' | 'queued' | 'refused'>, LoginRefusalReason> = {
  'unknown-gda': 'no-token',
  'dead-address': 'unusable-token',
  conflict: 'unknown-transaction',
  failed: 'undeliverable',
  limited: 'limited',
};

type AdmittedReply = Exclude<RelayReply, { kind: 'refused' }>;

async function relayAdmitted(parts: EngineParts, request: RelayRequest, phone: RelayPhone): Promise<AdmittedReply> {
  const plan = planRelay(parts, request, phone);
  const { reach } = plan;
  const limited = reach === 'reachable' ? await limitedPhone(parts, request, phone) : undefined;
  const reply =
    limited ?? (await (reach === 'reachable' ? relayTo(parts, { request, phone, plan }) : relayedBefore(parts, request, reach)));
  parts.metrics.relays.inc({ auth_server: request.asker.authServer, result: reply.kind });
  return reply;
}

const findStored = ({ store }: EngineParts, { asker, transactionId }: RelayRequest): Promise<Transaction | undefined> =>
  store.findByForeignId(asker.dialect, asker.authServer, transactionId);

/** Counts a new challenge, where policies limit how many its phone gets. */
async function limitedPhone(
  parts: EngineParts,
  request: RelayRequest,
  { counted, token }: RelayPhone,
): Promise<Extract<RelayReply, { kind: 'limited' }> | undefined> {
  const { policy, store, clock } = parts;
  const { asker } = request;
  const limit = policy.value('push_relays_per_device', factsOf(parts, asker, token?.owner, token));
  if (!limit || (await findStored(parts, request))) return undefined;
  const now = clock();
  const count = (name: string) => store.countUp(`relays:${asker.authServer} ${name}`, now, now + limit.windowMs);
  const full = (await Promise.all(counted.map(count))).filter((window) => window.count > limit.most);
  return full.length > 0 ? { kind: 'limited', retryMs: Math.max(...full.map(({ endsAt }) => endsAt)) - now } : undefined;
}

type Planned = { request: RelayRequest; phone: RelayPhone; plan: RelayPlan };

async function relayTo(parts: EngineParts, { request, phone, plan }: Planned): Promise<AdmittedReply> {
  const deliver = async (transaction: Transaction): Promise<Outcome | undefined> => {
    const settled = await withClaim(parts, transaction, (mayBegin) =>
      deliverClaimed(parts, { request, phone, plan, transaction, mayBegin }),
    );
    return settled && { ...settled, transaction: transaction.id };
  };
  let hasWaited = false;
  for (let attempt = 0, isThere = false; attempt < maxAttempts; attempt += 1) {
    const fresh = relayTransaction(parts, request, phone, leaseMs);
    if (!isThere && (await parts.store.addTransaction(fresh)) === 'added') {
      const reply = await deliver(fresh);
      if (reply) return reply;
    }
    const found = await findStored(parts, request);
    isThere = found !== undefined;
    if (!found) {
      // Another gateway is about to store it, or our own id was taken.
      await sleep(retryMs);
      continue;
    }
    if (!isSameChallenge(parts, found, request)) return { kind: 'conflict', transaction: found.id };
    const next = claim(found, { now: parts.clock(), hasWaited, leaseMs });
    if (next.kind === 'reply') return { ...next.progress, transaction: found.id, isRepeated: true };
    if (next.kind === 'wait') {
      hasWaited = true;
      parts.loginQueue.releaseSlot();
      await waitForChange(parts, found, next.until);
    } else if ((await parts.store.decide(found.id, found.decision.version, next.next, [], 0)) === 'decided') {
      const reply = await deliver({ ...found, decision: next.next });
      if (reply) return reply;
    }
  }
  throw new GatewayFault('store-unavailable', 'A relayed challenge could neither be stored nor be found');
}

/** A phone that is unreachable now may have been reachable when the challenge first came. */
async function relayedBefore(parts: EngineParts, request: RelayRequest, otherwise: Unreachable): Promise<AdmittedReply> {
  const found = await findStored(parts, request);
  if (found && !isSameChallenge(parts, found, request)) return { kind: 'conflict', transaction: found.id };
  const progress = found?.decision.relay;
  return found && progress && progress.kind !== 'claimed' && progress.kind !== 'failed'
    ? { ...progress, transaction: found.id, isRepeated: true }
    : asReply(otherwise);
}

const asReply = (why: Unreachable): AdmittedReply =>
  why.kind === 'unserved' ? { kind: 'failed', isDown: false, reason: `none is for ${why.kinds.join(' or ')}` } : { kind: why.kind };
