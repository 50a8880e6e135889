import type { Metrics } from '../../foundation/telemetry/index.ts';
import type { ProviderStatus } from './provider-status.ts';
import type { Attempt, Delivery } from './walk.ts';

const circuitNumber = { closed: 0, 'half-open': 1, open: 2 } as const;

/** Shows how the providers fare whenever metrics are asked for; `statusNow` reads it from the registry of that moment. */
export function exposeProviders(metrics: Metrics, statusNow: () => readonly ProviderStatus[]): void {
  const { circuitState, inFlight, queueLength, credentialExpiry } = metrics.providers;
  metrics.onCollect(() => {
    for (const gauge of [circuitState, inFlight, queueLength, credentialExpiry]) gauge.reset();
    for (const { name: provider, circuit, inFlight: running, queued, expires } of statusNow()) {
      circuitState.set({ provider }, circuitNumber[circuit]);
      inFlight.set({ provider }, running);
      queueLength.set({ provider }, queued);
      for (const kind of new Set(expires.map((each) => each.kind))) {
        const first = Math.min(...expires.filter((each) => each.kind === kind).map(({ at }) => at));
        credentialExpiry.set({ provider, kind }, first / 1000);
      }
    }
  });
}

/** Counts what came of a delivery. */
export function countDelivery({ pushAttempts, pushSeconds, pushFailovers, deviceAddressesInvalid }: Metrics, { attempts }: Delivery): void {
  const tried = attempts.filter(({ outcome }) => outcome !== 'skipped');
  for (const [index, { provider, outcome, reason, ms }] of tried.entries()) {
    pushAttempts.inc({ provider, outcome });
    pushSeconds.observe({ provider, outcome }, ms / 1000);
    if (reason === 'dead-address') deviceAddressesInvalid.inc({ provider, reason });
    const next: Attempt | undefined = tried[index + 1];
    if (next && outcome !== 'sent') pushFailovers.inc({ from: provider, to: next.provider, reason });
  }
}
