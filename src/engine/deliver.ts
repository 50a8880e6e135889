import type { Challenge, PushToken, TrailEntry, Transaction } from '../foundation/model/index.ts';
import { factsOf } from './facts.ts';
import type { Asker, EngineParts } from './parts.ts';

/** How one challenge went out. `pollable`: the phone may also come and ask for it. */
export type Delivered = { serial: string; sent: boolean; pollable: boolean };

/**
 * Sends every challenge of a stored transaction to its phone, all at once, each by the delivery plan that policy makes. A push that fails
 * is a line in the trail, never a lost challenge.
 */
export async function deliver(
  parts: EngineParts,
  transaction: Transaction,
  tokens: readonly PushToken[],
  asker: Asker,
): Promise<Delivered[]> {
  const sends = tokens.flatMap((token) => {
    const challenge = transaction.decision.challenges.find(({ serial }) => serial === token.serial);
    return challenge ? [deliverOne(parts, { transaction, challenge, token, asker })] : [];
  });
  return Promise.all(sends);
}

type Send = { transaction: Transaction; challenge: Challenge; token: PushToken; asker: Asker };

async function deliverOne(parts: EngineParts, { transaction, challenge, token, asker }: Send): Promise<Delivered> {
  const { policy, registry, settings, store, metrics, clock, background } = parts;
  const facts = { ...factsOf(parts, asker, token.owner, token), scope: 'authentication' as const };
  const recorded = token.provider === undefined ? {} : { recorded: token.provider };
  const fallback = registry.defaultName();
  const plan = policy.planDelivery(facts, {
    ...recorded,
    ...(fallback === undefined ? {} : { fallback }),
    defaultDeadlineMs: settings.deliveryDeadlineMs,
  });
  metrics.policyDecisions.inc({ policy: plan.rule ?? plan.because, provider: plan.providers[0] ?? 'none' });
  const { outcome, attempts } = await registry.deliver(plan, {
    transactionId: transaction.id,
    handle: challenge.handle,
    phone: challenge.phone,
    payload: challenge.payload,
    addresses: token.addresses.filter(({ deadSince }) => deadSince === undefined),
    expiresAt: transaction.decision.answerUntil,
  });
  const at = clock();
  const trail = attempts.map(
    ({ provider, outcome: result, reason, ms }): TrailEntry => ({ at, serial: token.serial, provider, outcome: result, reason, ms }),
  );
  background.run('delivery trail', () => store.appendTrail(transaction.id, trail));
  return { serial: token.serial, sent: outcome.kind === 'sent', pollable: mayPoll(parts, asker, token) };
}

/** Whether the phone of this push token may ask for what is waiting for it. */
export function mayPoll(parts: EngineParts, asker: Asker, token: PushToken): boolean {
  const facts = { ...factsOf(parts, asker, token.owner, token), scope: 'authentication' as const };
  const rule = parts.policy.value('push_allow_polling', facts) ?? 'allow';
  if (rule === 'token') return token.phone.part.pollingAllowed !== 'false';
  return rule === 'allow';
}
