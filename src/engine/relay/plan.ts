import { type DeviceAddress, pollOnlyProvider, type RelayDevice } from '../../foundation/model/index.ts';
import type { DeliveryPlan } from '../../policy/index.ts';
import { factsOf } from '../facts.ts';
import type { Asker, EngineParts } from '../parts.ts';
import { addressesOf } from './addresses.ts';

/**
 * Why a gda cannot be reached. `unserved`: it has addresses of these kinds, but no provider of the plan serves any of
 * them.
 */
export type Unreachable = { kind: 'unknown-gda' | 'dead-address' } | { kind: 'unserved'; kinds: string[] };

/** Where a relayed challenge can go: the delivery plan, all addresses, and whether the phone may poll. */
export type RelayPlan = {
  delivery: DeliveryPlan;
  addresses: DeviceAddress[];
  canPoll: boolean;
  reach: 'reachable' | Unreachable;
};

/**
 * Finds the way to a gda for an auth server; another server's device counts as unknown. Poll-only providers are left
 * out for phones that cannot poll, because they have no key to prove themselves.
 */
export function planRelay(parts: EngineParts, asker: Asker, gda: string, found: RelayDevice | undefined): RelayPlan {
  const device = found?.owner === asker.authServer ? found : undefined;
  const addresses = found && !device ? [] : addressesOf(gda, device);
  const canPoll = device?.publicKey !== undefined && parts.policy.value('push_allow_polling', factsOf(parts, asker, undefined)) !== 'deny';
  const kinds = kindsOfProviders(parts);
  const planned = deliveryPlan(parts, asker);
  const delivery = { ...planned, providers: planned.providers.filter((name) => canPoll || !kinds(name).includes('none')) };
  const living = addresses.filter(({ deadSince }) => deadSince === undefined);
  const serves = (some: readonly DeviceAddress[]): boolean =>
    delivery.providers.some((name) => some.some(({ kind }) => kinds(name).includes(kind)));
  const reach = canPoll || serves(living) ? 'reachable' : unreachable(addresses, serves(addresses));
  return { delivery, addresses, canPoll, reach };
}

function unreachable(addresses: readonly DeviceAddress[], isServed: boolean): Unreachable {
  if (isServed) return { kind: 'dead-address' };
  // Every gda is an address of its own kind, so that kind says nothing.
  const kinds = [...new Set(addresses.map(({ kind }) => kind))].filter((kind) => kind !== 'gda');
  return kinds.length > 0 ? { kind: 'unserved', kinds } : { kind: 'unknown-gda' };
}

function kindsOfProviders({ registry }: EngineParts): (name: string) => readonly string[] {
  const status = new Map(registry.status().map(({ name, addresses }) => [name, addresses]));
  return (name) => (name === pollOnlyProvider ? ['none'] : (status.get(name) ?? []));
}

function deliveryPlan(parts: EngineParts, asker: Asker): DeliveryPlan {
  const { policy, registry, settings, metrics } = parts;
  const defaults = { fallback: registry.defaultName(), defaultDeadlineMs: settings.deliveryDeadlineMs };
  const plan = policy.planDelivery(factsOf(parts, asker, undefined), defaults);
  metrics.policyDecisions.inc({ policy: plan.rule ?? plan.because, provider: plan.providers[0] ?? 'none' });
  return plan;
}
