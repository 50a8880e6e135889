import type { Clock } from '../../foundation/model/index.ts';
import { deciding } from '../../foundation/settings/index.ts';
import type { Metrics } from '../../foundation/telemetry/index.ts';
import type { ProviderStatus } from './provider-status.ts';
import type { Attempt, Delivery } from './walk.ts';

const circuitNumber = { closed: 0, 'half-open': 1, open: 2 } as const;

/** Shows how the providers fare whenever metrics are asked for; `statusNow` reads it from the registry of that moment. */
export function exposeProviders(metrics: Metrics, statusNow: () => readonly ProviderStatus[], clock: Clock): void {
  const { circuitState, outOfUse, inFlight, queueLength, credentialExpiry } = metrics.providers;
  metrics.onCollect(() => {
    for (const gauge of [circuitState, outOfUse, inFlight, queueLength, credentialExpiry]) gauge.reset();
    for (const { name: provider, circuit, inFlight: running, queued, expires, problem } of statusNow()) {
      circuitState.set({ provider }, circuitNumber[circuit]);
      outOfUse.set({ provider }, problem === undefined ? 0 : 1);
      inFlight.set({ provider }, running);
      queueLength.set({ provider }, queued);
      const lasting = deciding(expires, clock());
      for (const kind of new Set(lasting.map((each) => each.kind))) {
        const first = Math.min(...lasting.filter((each) => each.kind === kind).map(({ at }) => at));
        credentialExpiry.set({ provider, kind }, first / 1000);
      }
    }
  });
}

/**
 * Shows the series of these providers before anything is counted. `plans` are the orders in which rules have them tried: a push goes on from any of
 * a plan to one after it, and from an address of a provider to the next one.
 */
export function startProviders(metrics: Metrics, names: readonly string[], plans: readonly (readonly string[])[]): void {
  for (const provider of names)
    for (const each of [metrics.pushAttempts, metrics.pushSeconds, metrics.queueWaitSeconds, metrics.deviceAddressesInvalid])
      each.startAtZero({ provider });
  for (const plan of [...names.map((name) => [name]), ...plans])
    for (const [place, from] of plan.entries()) for (const to of plan.slice(place)) metrics.pushFailovers.startAtZero({ from, to });
}

/** Counts what came of a delivery. */
export function countDelivery({ pushAttempts, pushSeconds, pushFailovers, deviceAddressesInvalid }: Metrics, { attempts }: Delivery): void {
  const tried = attempts.filter((attempt) => attempt.outcome !== 'skipped');
  for (const [index, attempt] of tried.entries()) {
    const { provider, outcome, ms } = attempt;
    pushAttempts.inc({ provider, outcome });
    pushSeconds.observe({ provider, outcome }, ms / 1000);
    if (attempt.outcome === 'sent') continue;
    const { reason } = attempt;
    if (reason === 'dead-address') deviceAddressesInvalid.inc({ provider, reason });
    const next: Attempt | undefined = tried[index + 1];
    if (next) pushFailovers.inc({ from: provider, to: next.provider, reason });
  }
}
