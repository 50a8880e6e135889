import type { DeviceAddress } from '../../foundation/model/index.ts';
import type { Log } from '../../foundation/telemetry/index.ts';
import type { DeliveryOutcome, OpenProvider, Push } from '../provider-kit/index.ts';

/** A push before an address was chosen. */
export type OutgoingPush = Omit<Push, 'address'> & { addresses: readonly DeviceAddress[] };

/** What one step came to. `ms` is how long it took. */
export type Attempt = { provider: string; outcome: DeliveryOutcome['kind'] | 'skipped'; reason: string; ms: number };

/** How a plan ended, step by step. */
export type Delivery = { outcome: DeliveryOutcome; attempts: Attempt[] };

/** A provider with one address, or why there is nothing to try. */
export type Steps = (
  | { name: string; provider: OpenProvider; address?: DeviceAddress }
  | { name: string; skip: 'no-address' | 'unknown-provider' }
)[];

type Walk = { steps: Steps; push: OutgoingPush; deadlineMs: number; log: Log };

/** Tries the steps in order until one is `sent` or the deadline has come, whatever a far side does. */
export async function walk({ steps, push, deadlineMs, log }: Walk): Promise<Delivery> {
  const { addresses: _all, ...message } = push;
  const signal = AbortSignal.timeout(deadlineMs);
  const delivery: Delivery = { outcome: { kind: 'unavailable', reason: 'connection', detail: 'no provider could be tried' }, attempts: [] };
  const rejected = new Set<string>();
  for (const step of steps) {
    if ('skip' in step) {
      delivery.attempts.push({ provider: step.name, outcome: 'skipped', reason: step.skip, ms: 0 });
      continue;
    }
    const { name, provider, address } = step;
    const place = `${name} ${address?.kind ?? 'none'}`;
    if (rejected.has(place)) {
      delivery.attempts.push({ provider: name, outcome: 'skipped', reason: 'rejected-before', ms: 0 });
      continue;
    }
    const start = performance.now();
    const outcome = await inTime(provider, { ...message, ...(address ? { address } : {}) }, { signal, log, name });
    delivery.attempts.push({
      provider: name,
      outcome: outcome.kind,
      reason: outcome.reason ?? '',
      ms: Math.round(performance.now() - start),
    });
    delivery.outcome = outcome;
    if (outcome.kind === 'sent') break;
    if (outcome.kind === 'rejected') rejected.add(place);
    if (signal.aborted) break;
  }
  return delivery;
}

/** One delivery that ends with the deadline even where the provider does not, and as `defect` where it throws. */
async function inTime(
  provider: OpenProvider,
  push: Push,
  { signal, log, name }: { signal: AbortSignal; log: Log; name: string },
): Promise<DeliveryOutcome> {
  const late: DeliveryOutcome = { kind: 'unavailable', reason: 'timeout' };
  if (signal.aborted) return late;
  let onAbort = (): void => undefined;
  const deadline = new Promise<DeliveryOutcome>((resolve) => {
    onAbort = () => resolve(late);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([provider.deliver(push, signal), deadline]);
  } catch (error) {
    log.error({ err: error, provider: name }, 'a provider threw; that is a defect of the provider');
    return { kind: 'unavailable', reason: 'defect' };
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
