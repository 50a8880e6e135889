import type { DeviceAddress } from '../../foundation/model/index.ts';
import type { Log } from '../../foundation/telemetry/index.ts';
import type { DeliveryOutcome, OpenProvider, Push } from '../provider-kit/index.ts';
import type { Guard } from './guard.ts';

/** A push before an address was chosen. */
export type OutgoingPush = Omit<Push, 'address' | 'budgetMs'> & { addresses: readonly DeviceAddress[] };

/** What one step came to. `ms` is how long it took. */
export type Attempt = { provider: string; outcome: DeliveryOutcome['kind'] | 'skipped'; reason: string; ms: number };

/** How a plan ended, step by step, and the addresses that a provider said are dead. */
export type Delivery = { outcome: DeliveryOutcome; attempts: Attempt[]; deadAddresses: DeviceAddress[] };

/** A provider with one address, or why there is nothing to try. */
export type Step = { name: string; provider: OpenProvider; guard: Guard; address?: DeviceAddress };
/** The steps of a plan in their order. */
export type Steps = (Step | { name: string; skip: 'no-address' | 'unknown-provider' })[];

/** One walk: its steps, what they carry, and the time for all of them. */
export type Walk = { steps: Steps; push: OutgoingPush; deadlineMs: number; log: Log };

const untried: DeliveryOutcome = { kind: 'unavailable', reason: 'connection', detail: 'no provider could be tried' };

/**
 * Tries the steps in order until one is `sent` or the deadline has come, whatever a far side does. What is left of the time is shared evenly
 * by the steps that are left, so that one provider that hangs leaves time for the next.
 */
export async function walk({ steps, push, deadlineMs, log }: Walk): Promise<Delivery> {
  const end = performance.now() + deadlineMs;
  const delivery: Delivery = { outcome: untried, attempts: [], deadAddresses: [] };
  const rejected = new Set<string>();
  const passedOver: Step[] = [];
  const take = async (step: Step, stepsLeft: number, force?: 'force'): Promise<DeliveryOutcome> => {
    const start = performance.now();
    const outcome = await tryStep(step, push, { budgetMs: Math.max(1, Math.floor((end - start) / stepsLeft)), log, force });
    note(delivery, step, outcome, Math.round(performance.now() - start));
    return outcome;
  };
  for (const [index, step] of steps.entries()) {
    const skip = 'skip' in step ? step.skip : rejected.has(placeOf(step)) ? 'rejected-before' : undefined;
    if ('skip' in step || skip !== undefined) {
      delivery.attempts.push({ provider: step.name, outcome: 'skipped', reason: skip ?? '', ms: 0 });
      continue;
    }
    const left = steps.slice(index).filter((each) => !('skip' in each) && !rejected.has(placeOf(each))).length;
    const outcome = await take(step, left);
    if (outcome.kind === 'sent') return delivery;
    if (outcome.kind === 'rejected') rejected.add(placeOf(step));
    if (outcome.kind === 'unavailable' && outcome.reason === 'circuit-open') passedOver.push(step);
    if (performance.now() >= end) return delivery;
  }
  // Every breaker is open: better to try the one that failed longest ago than to give up.
  const [oldest] = passedOver.sort((a, b) => failedAt(a) - failedAt(b));
  if (oldest && delivery.attempts.every(({ outcome, reason }) => outcome === 'skipped' || reason === 'circuit-open'))
    await take(oldest, 1, 'force');
  return delivery;
}

const placeOf = ({ name, address }: Step): string => `${name} ${address?.kind ?? 'none'}`;
const failedAt = ({ guard }: Step): number => guard.seen().lastError?.at ?? 0;

function note(delivery: Delivery, { name, address }: Step, outcome: DeliveryOutcome, ms: number): void {
  delivery.attempts.push({ provider: name, outcome: outcome.kind, reason: outcome.reason ?? '', ms });
  delivery.outcome = outcome;
  if (address && outcome.kind === 'rejected' && outcome.reason === 'dead-address') delivery.deadAddresses.push(address);
}

type Try = { budgetMs: number; log: Log; force: 'force' | undefined };

/** One delivery that ends with its budget even where the provider does not, and as `defect` where it throws. */
function tryStep({ name, provider, guard, address }: Step, push: OutgoingPush, { budgetMs, log, force }: Try): Promise<DeliveryOutcome> {
  const { addresses: _all, ...message } = push;
  const signal = AbortSignal.timeout(budgetMs);
  const late = new Promise<DeliveryOutcome>((resolve) => {
    signal.addEventListener('abort', () => resolve({ kind: 'unavailable', reason: 'timeout' }), { once: true });
  });
  const deliver = async (): Promise<DeliveryOutcome> => {
    try {
      return await Promise.race([provider.deliver({ ...message, budgetMs, ...(address ? { address } : {}) }, signal), late]);
    } catch (error) {
      log.error({ err: error, provider: name }, 'a provider threw; that is a defect of the provider');
      return { kind: 'unavailable', reason: 'defect' };
    }
  };
  // The wait for a place in the bulkhead counts too.
  return Promise.race([guard.run(deliver, force), late]);
}
