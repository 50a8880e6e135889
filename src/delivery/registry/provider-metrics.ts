import { type Clock, rejectedReasons, unavailableReasons } from '../../foundation/model/index.ts';
import { deciding } from '../../foundation/settings/index.ts';
import type { Metrics } from '../../foundation/telemetry/index.ts';
import type { ProviderStatus } from './provider-status.ts';
import type { Attempt, Delivery } from './walk.ts';

/** All outcomes of a push at one provider. */
const ends = [
  { outcome: 'sent', reason: '' },
  ...rejectedReasons.map((reason) => ({ outcome: 'rejected', reason })),
  ...unavailableReasons.map((reason) => ({ outcome: 'unavailable', reason })),
];

const serverNumber = { 'in-use': 0, ready: 1, failing: 2 } as const;
const circuitNumber = { closed: 0, 'half-open': 1, open: 2 } as const;

/** Sets the gauges of the providers at each collection; `statusNow` reads the state from the current registry. */
export function exposeProviders(metrics: Metrics, statusNow: () => readonly ProviderStatus[], clock: Clock): void {
  const { circuitState, outOfUse, inFlight, queueLength, credentialExpiry, urlState, clockSkew } = metrics.providers;
  metrics.onCollect(() => {
    for (const gauge of Object.values(metrics.providers)) gauge.reset();
    for (const { name: provider, circuit, inFlight: running, queued, expires, servers, clockSkewMs, problem } of statusNow()) {
      circuitState.set({ provider }, circuitNumber[circuit]);
      outOfUse.set({ provider }, problem === undefined ? 0 : 1);
      inFlight.set({ provider }, running);
      queueLength.set({ provider }, queued);
      for (const { name: url, state } of servers) urlState.set({ provider, url }, serverNumber[state]);
      if (clockSkewMs !== undefined) clockSkew.set({ provider }, clockSkewMs / 1000);
      const lasting = deciding(expires, clock());
      for (const kind of new Set(lasting.map((each) => each.kind))) {
        const first = Math.min(...lasting.filter((each) => each.kind === kind).map(({ at }) => at));
        credentialExpiry.set({ provider, kind }, first / 1000);
      }
    }
  });
}

/**
 * Creates the series of these providers with the value 0. `plans` are the orders of trial in the rules: a push can move
 * from any provider of a plan to a later one.
 */
export function startProviders(metrics: Metrics, names: readonly string[], plans: readonly (readonly string[])[]): void {
  for (const provider of names)
    for (const each of [metrics.pushSeconds, metrics.queueWaitSeconds, metrics.deviceAddressesInvalid]) each.startAtZero({ provider });
  for (const provider of names) for (const end of ends) metrics.pushAttempts.startAtZero({ provider, ...end });
  for (const plan of plans)
    for (const [place, from] of plan.entries()) for (const to of plan.slice(place + 1)) metrics.pushFailovers.startAtZero({ from, to });
}

/** Counts the outcome of a delivery. */
export function countDelivery({ pushAttempts, pushSeconds, pushFailovers, deviceAddressesInvalid }: Metrics, { attempts }: Delivery): void {
  const tried = attempts.filter((attempt) => attempt.outcome !== 'skipped');
  for (const [index, attempt] of tried.entries()) {
    const { provider, outcome, ms } = attempt;
    const reason = attempt.outcome === 'sent' ? '' : attempt.reason;
    pushAttempts.inc({ provider, outcome, reason });
    pushSeconds.observe({ provider, outcome }, ms / 1000);
    if (attempt.outcome === 'sent') continue;
    if (attempt.reason === 'dead-address') deviceAddressesInvalid.inc({ provider, reason: attempt.reason });
    const next: Attempt | undefined = tried[index + 1];
    // The next address at the same provider is not a fail-over.
    if (next && next.provider !== provider) pushFailovers.inc({ from: provider, to: next.provider, reason: attempt.reason });
  }
}
