import { setTimeout as sleep } from 'node:timers/promises';
import type { Delivery } from '../../delivery/registry/index.ts';
import { GatewayFault, type RelayProgress, type TrailEntry, type Transaction } from '../../foundation/model/index.ts';
import { reserveOf } from '../challenges/deliver.ts';
import { factsOf } from '../facts.ts';
import type { EngineParts } from '../parts.ts';
import { claim } from './claim.ts';
import { leaseMs, type Outcome, withClaim } from './held-claim.ts';
import { markDeviceDead } from './mark-dead.ts';
import { planRelay, type RelayPlan, type Unreachable } from './plan.ts';
import { isSameChallenge, type RelayRequest, relaySerial, relayTransaction } from './transaction.ts';
import { waitForChange } from './wait.ts';

type Settled = Exclude<RelayProgress, { kind: 'claimed' }>;

/**
 * The reply to a relayed challenge. `conflict`: its id belongs to another challenge of this auth server. `limited`: its
 * phone got as many as policies allow, until `retryMs` from now.
 */
export type RelayReply = Settled | { kind: 'unknown-gda' | 'conflict' } | { kind: 'limited'; retryMs: number };

/** Each renewal of a claim ends one wait, so a delivery may take this many. */
const maxAttempts = 60;
const retryMs = 50;

/** {@link Relay.deliver}. */
export async function relay(parts: EngineParts, request: RelayRequest): Promise<RelayReply> {
  const { store, metrics } = parts;
  const { authServer: auth_server } = request.asker;
  const plan = planRelay(parts, request.asker, request.gda, await store.findDevice(request.gda));
  const limited = plan.reach === 'reachable' ? await limitedDevice(parts, request) : undefined;
  const reply = limited ?? (await (plan.reach === 'reachable' ? relayTo(parts, request, plan) : relayedBefore(parts, request, plan.reach)));
  metrics.relays.inc({ auth_server, result: reply.kind });
  return reply;
}

/** Counts a new challenge, where policies limit how many its phone gets. */
async function limitedDevice(
  { policy, store, clock, realms }: EngineParts,
  { asker, gda, transactionId }: RelayRequest,
): Promise<Extract<RelayReply, { kind: 'limited' }> | undefined> {
  const limit = policy.value('push_relays_per_device', factsOf({ policy, clock, realms }, asker, undefined));
  if (!limit || (await store.findByForeignId(asker.dialect, asker.authServer, transactionId))) return undefined;
  const now = clock();
  const { count, endsAt } = await store.countUp(`relays:${asker.authServer} ${relaySerial(gda)}`, now, now + limit.windowMs);
  return count > limit.most ? { kind: 'limited', retryMs: endsAt - now } : undefined;
}

async function relayTo(parts: EngineParts, request: RelayRequest, plan: RelayPlan): Promise<RelayReply> {
  const { asker, transactionId } = request;
  const deliver = (transaction: Transaction): Promise<RelayReply | undefined> =>
    withClaim(parts, transaction, (mayBegin) => deliverClaimed(parts, { request, plan, transaction, mayBegin }));
  let hasWaited = false;
  for (let attempt = 0, isThere = false; attempt < maxAttempts; attempt += 1) {
    const fresh = relayTransaction(parts, request, leaseMs);
    if (!isThere && (await parts.store.addTransaction(fresh)) === 'added') {
      const reply = await deliver(fresh);
      if (reply) return reply;
    }
    const found = await parts.store.findByForeignId(asker.dialect, asker.authServer, transactionId);
    isThere = found !== undefined;
    if (!found) {
      // Another gateway is about to store it, or our own id was taken.
      await sleep(retryMs);
      continue;
    }
    if (!isSameChallenge(found, request)) return { kind: 'conflict' };
    const next = claim(found, { now: parts.clock(), hasWaited, leaseMs });
    if (next.kind === 'reply') return next.progress;
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

/** A gda that is unreachable now may have been reachable when the challenge first came. */
async function relayedBefore({ store }: EngineParts, request: RelayRequest, otherwise: Unreachable): Promise<RelayReply> {
  const { asker, transactionId } = request;
  const progress = (await store.findByForeignId(asker.dialect, asker.authServer, transactionId))?.decision.relay;
  return progress && (progress.kind === 'sent' || progress.kind === 'queued') ? progress : asReply(otherwise);
}

const asReply = (why: Unreachable): RelayReply =>
  why.kind === 'unserved' ? { kind: 'failed', isDown: false, reason: `none is for ${why.kinds.join(' or ')}` } : { kind: why.kind };

type Claimed = { request: RelayRequest; plan: RelayPlan; transaction: Transaction; mayBegin: () => boolean };

async function deliverClaimed(parts: EngineParts, { request, plan, transaction, mayBegin }: Claimed): Promise<Outcome<Settled>> {
  const { registry, clock } = parts;
  const { delivery, addresses, canPoll } = plan;
  const { challenges, answerUntil } = transaction.decision;
  parts.loginQueue.releaseSlot();
  const { outcome, attempts, deadAddresses } = await registry.deliver(
    { ...delivery, deadlineMs: delivery.deadlineMs - reserveOf(delivery.deadlineMs), mayBegin },
    {
      transactionId: transaction.id,
      handle: request.transactionId,
      phone: 'linotp',
      payload: request.payload,
      addresses,
      expiresAt: answerUntil,
    },
  );
  const [at, serial] = [clock(), challenges[0]?.serial ?? ''];
  const trail = attempts.map((attempt): TrailEntry => ({ at, serial, ...attempt }));
  // Before the reply, so that a server that learns of a dead address finds it in the feed.
  if (deadAddresses.length > 0) await markDeviceDead(parts, { gda: request.gda, owner: transaction.authServer }, deadAddresses);
  return { progress: progressOf(outcome, trail, { canPoll, hasDead: deadAddresses.length > 0 }), trail };
}

function progressOf(
  outcome: Delivery['outcome'],
  trail: readonly TrailEntry[],
  { canPoll, hasDead }: { canPoll: boolean; hasDead: boolean },
): Settled {
  if (outcome.kind === 'sent') return { kind: outcome.reason === 'poll' ? 'queued' : 'sent' };
  if (canPoll) return { kind: 'queued' };
  const tried = trail.filter((each) => each.outcome !== 'skipped');
  if (hasDead && tried.every(({ reason }) => reason === 'dead-address')) return { kind: 'dead-address' };
  const reason = tried.map((each) => `${each.provider}: ${each.reason}`).join(', ');
  return { kind: 'failed', isDown: tried.every((each) => each.outcome === 'unavailable'), reason: reason.slice(0, 200) };
}
