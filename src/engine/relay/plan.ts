import type { DeviceAddress } from '../../foundation/model/index.ts';
import type { DeliveryPlan } from '../../policy/index.ts';
import { factsOf } from '../facts.ts';
import type { EngineParts } from '../parts.ts';
import type { RelayPhone } from './phone.ts';
import type { RelayRequest } from './request.ts';

/**
 * Why a phone cannot be reached. `unserved`: it has addresses of these kinds, but no provider of the plan serves any of
 * them.
 */
export type Unreachable = { kind: 'unknown-gda' | 'dead-address' } | { kind: 'unserved'; kinds: string[] };

/** Where a relayed challenge can go: the delivery plan, and whether the phone may poll. */
export type RelayPlan = { delivery: DeliveryPlan; canPoll: boolean; reach: 'reachable' | Unreachable };

/**
 * Finds the way to a phone. Providers that send no data are left out for phones that cannot poll, because they have no
 * key to prove themselves.
 */
export function planRelay(parts: EngineParts, request: RelayRequest, phone: RelayPhone): RelayPlan {
  const { addresses, token, hasKey } = phone;
  const facts = factsOf(parts, request.asker, token?.owner, token);
  const canPoll = hasKey === true && parts.policy.value('push_allow_polling', facts) !== 'deny';
  const kinds = kindsOfProviders(parts);
  const planned = deliveryPlan(parts, request, phone);
  const delivery = { ...planned, providers: planned.providers.filter((name) => canPoll || !parts.registry.needsPolling(name)) };
  const living = addresses.filter(({ deadSince }) => deadSince === undefined);
  const serves = (some: readonly DeviceAddress[]): boolean =>
    delivery.providers.some((name) => some.some(({ kind }) => kinds(name).includes(kind)));
  const reach = canPoll || serves(living) ? 'reachable' : unreachable(phone, serves(addresses));
  return { delivery, canPoll, reach };
}

function unreachable({ addresses, gda }: RelayPhone, isServed: boolean): Unreachable {
  if (isServed) return { kind: 'dead-address' };
  // Every gda is an address of its own kind, so for a device that kind says nothing.
  const kinds = [...new Set(addresses.map(({ kind }) => kind))].filter((kind) => gda === undefined || kind !== 'gda');
  return kinds.length > 0 ? { kind: 'unserved', kinds } : { kind: 'unknown-gda' };
}

function kindsOfProviders({ registry }: EngineParts): (name: string) => readonly string[] {
  const status = new Map(registry.status().map(({ name, addresses }) => [name, addresses]));
  return (name) => status.get(name) ?? [];
}

function deliveryPlan(parts: EngineParts, { asker, via }: RelayRequest, { token }: RelayPhone): DeliveryPlan {
  const { policy, registry, settings, metrics } = parts;
  const defaults = { recorded: token?.provider, fallback: registry.defaultName(), defaultDeadlineMs: settings.deliveryDeadlineMs };
  const plan = policy.planDelivery(factsOf(parts, asker, token?.owner, token), defaults);
  const providers = plan.providers.filter((name) => via === undefined || name === via);
  metrics.policyDecisions.inc({ policy: plan.rule ?? plan.because, provider: providers[0] ?? 'none' });
  return { ...plan, providers };
}
