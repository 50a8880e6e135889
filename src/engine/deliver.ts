import {
  type Challenge,
  type DeviceAddress,
  GatewayFault,
  type PushToken,
  type TrailEntry,
  type Transaction,
} from '../foundation/model/index.ts';
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
  const { outcome, attempts, deadAddresses } = await registry.deliver(plan, {
    transactionId: transaction.id,
    handle: challenge.handle,
    phone: challenge.phone,
    payload: challenge.payload,
    addresses: token.addresses,
    expiresAt: transaction.decision.answerUntil,
  });
  const at = clock();
  const trail = attempts.map(
    ({ provider, outcome: result, reason, ms }): TrailEntry => ({ at, serial: token.serial, provider, outcome: result, reason, ms }),
  );
  background.run('delivery trail', () => store.appendTrail(transaction.id, trail));
  if (deadAddresses.length > 0) background.run('dead addresses', () => markDead(parts, token.serial, deadAddresses));
  return { serial: token.serial, sent: outcome.kind === 'sent', pollable: mayPoll(parts, asker, token) };
}

const maxAttempts = 5;

/** Marks addresses that a provider called dead, unless the phone has told a newer one in the meantime. */
async function markDead({ store, clock, log }: EngineParts, serial: string, dead: readonly DeviceAddress[]): Promise<void> {
  const isDead = ({ kind, value, since }: DeviceAddress): boolean =>
    dead.some((each) => each.kind === kind && each.value === value && each.since === since);
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const token = await store.findToken(serial);
    if (!token?.addresses.some((address) => isDead(address) && address.deadSince === undefined)) return;
    const addresses = token.addresses.map((address) => (isDead(address) ? { ...address, deadSince: clock() } : address));
    if ((await store.changeToken(serial, token.version, { addresses })) === 'conflict') continue;
    log.warn(
      { serial, kinds: dead.map(({ kind }) => kind) },
      'a device address is dead; it is used no more until the phone tells a new one',
    );
    return;
  }
  throw new GatewayFault('store-unavailable', `Push token ${serial} was changed by others ${maxAttempts} times in a row`);
}

/** Whether the phone of this push token may ask for what is waiting for it. */
export function mayPoll(parts: EngineParts, asker: Asker, token: PushToken): boolean {
  const facts = { ...factsOf(parts, asker, token.owner, token), scope: 'authentication' as const };
  const rule = parts.policy.value('push_allow_polling', facts) ?? 'allow';
  if (rule === 'token') return token.phone.part.pollingAllowed !== 'false';
  return rule === 'allow';
}
