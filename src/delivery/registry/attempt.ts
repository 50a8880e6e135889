import type { DeviceAddress } from '../../foundation/model/index.ts';
import type { Log } from '../../foundation/telemetry/index.ts';
import { span } from '../../foundation/telemetry/spans.ts';
import { wireErrorOf } from '../../foundation/wire/index.ts';
import type { DeliveryOutcome, Push } from '../provider-kit/index.ts';
import type { Opened } from './open-provider.ts';

/** A provider with one address, or with all addresses that it serves at once. */
export type Step = Pick<Opened, 'name' | 'kind' | 'provider' | 'guard'> & {
  address?: DeviceAddress | undefined;
  addresses?: readonly DeviceAddress[] | undefined;
};

/** The outcome of one step and its duration (ms). */
export type StepResult = { step: Step; outcome: DeliveryOutcome; ms: number };

/** One step to try. */
export type StepOptions = {
  step: Step;
  push: Omit<Push, 'address' | 'addresses' | 'budgetMs'>;
  budgetMs: number;
  log: Log;
  /** Fires when another step was quicker. */
  isOver: AbortSignal;
  /** Ignores an open breaker. */
  force?: 'force' | undefined;
};

/**
 * Runs one delivery, which ends within its budget even when the provider does not. Network errors that the provider
 * throws become their outcome; any other exception becomes `defect`.
 */
export const attempt = (options: StepOptions): Promise<StepResult> => {
  const { name, kind, address } = options.step;
  const attributes = { 'pushgate.provider': name, 'pushgate.provider.kind': kind, 'pushgate.address.kind': address?.kind ?? 'none' };
  return span(`push by ${name}`, attributes, async (noting) => {
    const result = await deliverStep(options);
    const { kind: outcome, reason = '' } = result.outcome;
    noting.note({ 'pushgate.outcome': outcome, 'pushgate.reason': reason });
    if (outcome !== 'sent') noting.failed(reason);
    return result;
  });
};

async function deliverStep({ step, push, budgetMs, log, isOver, force }: StepOptions): Promise<StepResult> {
  const { name, provider, guard, address, addresses } = step;
  const start = performance.now();
  const { signal, late, end } = openLimit(budgetMs, isOver);
  const deliver = async (): Promise<DeliveryOutcome> => {
    try {
      return await Promise.race([provider.deliver({ ...push, budgetMs, address, addresses }, signal), late]);
    } catch (error) {
      const end = wireErrorOf(error, signal);
      if (end) return { kind: 'unavailable', reason: end };
      log.error({ err: error, provider: name }, 'a provider threw an error, which is a defect of the provider');
      return { kind: 'unavailable', reason: 'defect' };
    }
  };
  try {
    // The wait for a free place in the bulkhead counts too.
    const outcome = await Promise.race([guard.run(deliver, force), late]);
    return { step, outcome, ms: Math.round(performance.now() - start) };
  } finally {
    end();
  }
}

/**
 * `signal` aborts after `budgetMs`, or with `isOver`; `late` resolves at the same moment. `end` stops the timer, which
 * would otherwise outlive the push by seconds.
 */
function openLimit(budgetMs: number, isOver: AbortSignal) {
  const limit = new AbortController();
  const { promise: late, resolve } = Promise.withResolvers<DeliveryOutcome>();
  const stop = (reason: 'timeout' | 'aborted'): void => {
    resolve({ kind: 'unavailable', reason });
    limit.abort(reason === 'timeout' ? new DOMException('The time for this push is over', 'TimeoutError') : isOver.reason);
  };
  const timer = setTimeout(stop, budgetMs, 'timeout');
  const onOver = (): void => stop('aborted');
  if (isOver.aborted) onOver();
  isOver.addEventListener('abort', onOver, { once: true });
  return {
    signal: limit.signal,
    late,
    end(): void {
      clearTimeout(timer);
      isOver.removeEventListener('abort', onOver);
    },
  };
}
