import type { Challenge, PushToken, TrailEntry, Transaction } from '../../foundation/model/index.ts';
import type { DeliveryPlan } from '../../policy/index.ts';
import { recordRing } from '../admission/prompts.ts';
import { factsOf } from '../facts.ts';
import type { Asker, EngineParts } from '../parts.ts';
import { markDead } from '../tokens/addresses.ts';

/** The delivery of one challenge. */
export type Delivered = {
  serial: string;
  sent: boolean;
  /** The phone may also poll for it. */
  pollable: boolean;
  attempts: Omit<TrailEntry, 'at' | 'serial'>[];
};

/** The challenges of a stored transaction to deliver. */
export type DeliverRequest = {
  transaction: Transaction;
  /** The push tokens whose challenges are delivered. */
  tokens: readonly PushToken[];
  asker: Asker;
  /** Providers in place of those of the policy. */
  via?: readonly string[];
  /** The request joined a login whose phones were prompted before, so nothing is sent. */
  hasJoined?: boolean;
};

/** {@link Challenges.deliver}. */
export async function deliver(parts: EngineParts, request: DeliverRequest): Promise<Delivered[]> {
  if (request.hasJoined) return deliveredBefore(parts, request);
  const { challenges } = request.transaction.decision;
  // A hanging push service must not block other logins.
  parts.loginQueue.releaseSlot();
  const sends = request.tokens.flatMap((token) => {
    const challenge = challenges.find(({ serial }) => serial === token.serial);
    return challenge?.state === 'pending' ? [deliverOne(parts, request, { challenge, token })] : [];
  });
  return Promise.all(sends);
}

/**
 * The deliveries of a login that a request joined, as its first reply reported them. A push that is not in the trail
 * yet is under way.
 */
async function deliveredBefore(parts: EngineParts, { transaction, tokens, asker }: DeliverRequest): Promise<Delivered[]> {
  const trail = await parts.store.trailOf(transaction.id);
  return tokens.map((token): Delivered => {
    const { serial } = token;
    const tried = trail.filter((entry) => entry.serial === serial);
    const rings = transaction.decision.challenges.find((challenge) => challenge.serial === serial)?.rings !== false;
    const sent = tried.length > 0 ? tried.some(({ outcome }) => outcome === 'sent') : rings;
    return { serial, sent, pollable: mayPoll(parts, asker, token), attempts: [] };
  });
}

/**
 * The part of a deadline (ms) that is reserved for the rest of the login, so that the reply comes within the deadline.
 */
export const reserveOf = (deadlineMs: number): number => Math.min(100, Math.floor(deadlineMs / 10));

type TokenChallenge = { challenge: Challenge; token: PushToken };

/** The result for a muted phone: nothing is sent, but it may poll. */
function withholdPush(parts: EngineParts, { transaction, asker }: DeliverRequest, token: PushToken): Delivered {
  const { id, user, realm } = transaction;
  parts.tell({ kind: 'push-withheld', transaction: id, serial: token.serial, user, realm });
  return { serial: token.serial, sent: false, pollable: mayPoll(parts, asker, token), attempts: [] };
}

/** Keeps the count of a prompt that rang, until the phone accepts; takes back the count of one that did not ring. */
function countPrompt(
  parts: EngineParts,
  { transaction, asker }: DeliverRequest,
  { challenge, token }: TokenChallenge,
  attempts: Delivered['attempts'],
): void {
  const { prompt: key } = challenge;
  if (key === undefined) return;
  const { user, realm } = transaction;
  const rang = attempts.some(({ outcome, reason }) => outcome === 'sent' && reason !== 'poll');
  const count = () => (rang ? recordRing(parts, { applicant: { asker, user, realm }, token }) : parts.store.uncount([key], 'all'));
  parts.background.run('prompts', count);
}

async function deliverOne(parts: EngineParts, request: DeliverRequest, { challenge, token }: TokenChallenge): Promise<Delivered> {
  if (challenge.rings === false) return withholdPush(parts, request, token);
  const { transaction, asker, via } = request;
  const { store, clock, background } = parts;
  const planned = planFor(parts, asker, token);
  parts.metrics.policyDecisions.inc({ policy: planned.rule ?? planned.because, provider: planned.providers[0] ?? 'none' });
  const plan = { ...planned, providers: [...(via ?? planned.providers)], deadlineMs: planned.deadlineMs - reserveOf(planned.deadlineMs) };
  const { outcome, attempts, deadAddresses } = await parts.registry.deliver(plan, {
    transactionId: transaction.id,
    handle: challenge.handle,
    phone: challenge.phone,
    payload: challenge.payload,
    addresses: token.addresses,
    expiresAt: transaction.decision.answerUntil,
  });
  const at = clock();
  const trail = attempts.map((attempt): TrailEntry => ({ at, serial: token.serial, ...attempt }));
  const steps = attempts.map(({ provider, outcome: how, reason, ms }) => ({ provider, outcome: how, reason, ms }));
  const sent = outcome.kind === 'sent';
  parts.tell({ kind: 'push-delivered', transaction: transaction.id, serial: token.serial, sent, rule: planned.rule, attempts: steps });
  countPrompt(parts, request, { challenge, token }, attempts);
  background.run('delivery trail', () => store.appendTrail(transaction.id, trail));
  if (deadAddresses.length > 0) background.run('dead addresses', () => markDead(parts, token, deadAddresses));
  return { serial: token.serial, sent, pollable: mayPoll(parts, asker, token), attempts };
}

/** The delivery plan for this push token. Plan and registry are read together, so that no reload comes between them. */
function planFor(parts: EngineParts, asker: Asker, token: PushToken): DeliveryPlan {
  const { policy, registry, settings } = parts;
  return policy.planDelivery(factsOf(parts, asker, token.owner, token), {
    recorded: token.provider,
    fallback: registry.defaultName(),
    defaultDeadlineMs: settings.deliveryDeadlineMs,
  });
}

/** Whether a provider of the plan for this push token could ring its phone. */
export const canRing = (parts: EngineParts, asker: Asker, token: PushToken): boolean =>
  parts.registry.canRing(planFor(parts, asker, token).providers, token.addresses);

/** {@link Challenges.mayPoll}. */
export function mayPoll(parts: EngineParts, asker: Asker, token: PushToken): boolean {
  if (parts.phones[token.phone.protocol]?.canPoll === false) return false;
  const facts = factsOf(parts, asker, token.owner, token);
  const rule = parts.policy.value('push_allow_polling', facts) ?? 'allow';
  if (rule === 'token') return token.phone.part.pollingAllowed !== 'false';
  return rule === 'allow';
}
