import type { DeviceAddress } from '../../foundation/model/index.ts';
import type { Log } from '../../foundation/telemetry/index.ts';
import { span } from '../../foundation/telemetry/spans.ts';
import { wireErrorOf } from '../../foundation/wire/index.ts';
import type { DeliveryOutcome, Push } from '../provider-kit/index.ts';
import type { Opened } from './open-provider.ts';

/** A provider with one address, or with all that it serves at once. */
export type Step = Pick<Opened, 'name' | 'kind' | 'provider' | 'guard'> & {
  address?: DeviceAddress | undefined;
  addresses?: readonly DeviceAddress[] | undefined;
};

/** How one step ended, and how long it took (ms). */
export type Ended = { step: Step; outcome: DeliveryOutcome; ms: number };

/** One step to be tried. `isOver` fires when another step was quicker; `force` passes an open breaker by. */
export type Attempting = {
  step: Step;
  push: Omit<Push, 'address' | 'addresses' | 'budgetMs'>;
  budgetMs: number;
  log: Log;
  isOver: AbortSignal;
  force?: 'force' | undefined;
};

/**
 * One delivery that ends with its budget even where the provider does not. What it throws is `defect`, but for what the wire can do: that ends
 * as it does.
 */
export const attempt = (attempting: Attempting): Promise<Ended> => {
  const { name, kind, address } = attempting.step;
  const attributes = { 'pushgate.provider': name, 'pushgate.provider.kind': kind, 'pushgate.address.kind': address?.kind ?? 'none' };
  return span(`push by ${name}`, attributes, async (noting) => {
    const ended = await deliverStep(attempting);
    const { kind: outcome, reason = '' } = ended.outcome;
    noting.note({ 'pushgate.outcome': outcome, 'pushgate.reason': reason });
    if (outcome !== 'sent') noting.failed(reason);
    return ended;
  });
};

async function deliverStep({ step, push, budgetMs, log, isOver, force }: Attempting): Promise<Ended> {
  const { name, provider, guard, address, addresses } = step;
  const start = performance.now();
  const { signal, late, end } = openLimit(budgetMs, isOver);
  const deliver = async (): Promise<DeliveryOutcome> => {
    try {
      return await Promise.race([provider.deliver({ ...push, budgetMs, address, addresses }, signal), late]);
    } catch (error) {
      const end = wireErrorOf(error, signal);
      if (end) return { kind: 'unavailable', reason: end };
      log.error({ err: error, provider: name }, 'a provider threw; that is a defect of the provider');
      return { kind: 'unavailable', reason: 'defect' };
    }
  };
  try {
    // The wait for a place in the bulkhead counts too.
    const outcome = await Promise.race([guard.run(deliver, force), late]);
    return { step, outcome, ms: Math.round(performance.now() - start) };
  } finally {
    end();
  }
}

/** Aborts `signal` after `budgetMs` or with `isOver`, and resolves `late` then. `end` stops the timer: one that is left alone lives on for seconds after a push that took milliseconds. */
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
