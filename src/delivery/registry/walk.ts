import type { DeviceAddress } from '../../foundation/model/index.ts';
import type { Log } from '../../foundation/telemetry/index.ts';
import type { DeliveryOutcome, Push } from '../provider-kit/index.ts';
import { attempt, type Step, type StepResult } from './attempt.ts';

/** A push without the choice of an address. */
export type OutgoingPush = Omit<Push, 'address' | 'addresses' | 'budgetMs'> & { addresses: readonly DeviceAddress[] };

/** The outcome of one step and its duration (ms). */
export type Attempt = { provider: string; ms: number } & (
  | { outcome: 'sent'; reason: 'poll' | '' }
  | { outcome: 'rejected' | 'unavailable'; reason: Exclude<DeliveryOutcome, { kind: 'sent' }>['reason'] }
  | { outcome: 'skipped'; reason: 'no-address' | 'unknown-provider' | 'out-of-use' | 'rejected-before' }
);

/** The outcome of a plan, its steps, and the addresses that a provider reported as dead. */
export type Delivery = { outcome: DeliveryOutcome; attempts: Attempt[]; deadAddresses: DeviceAddress[] };

/** The steps of a plan in order; a step with `skip` has nothing to try. */
export type Steps = (Step | { name: string; skip: 'no-address' | 'unknown-provider' | 'out-of-use' })[];

/** One delivery. */
export type Walk = {
  steps: Steps;
  push: OutgoingPush;
  /** The time for all steps. */
  deadlineMs: number;
  /** After this time the next step starts in parallel; absent: one at a time. */
  hedgeMs?: number;
  /** Asked before each step; absent: always. */
  mayBegin?: () => boolean;
  log: Log;
};

const untried: DeliveryOutcome = { kind: 'unavailable', reason: 'connection', detail: 'no provider could be tried' };

/**
 * Tries the steps in order until one is `sent` or the deadline is over, whatever a remote side does. The remaining
 * steps share the remaining time evenly, so that one hanging provider leaves time for the next. Steps that an open
 * breaker refused are tried as a last resort, the one with the oldest failure first.
 */
export async function walk({
  steps,
  push: { addresses: _all, ...push },
  deadlineMs,
  hedgeMs,
  mayBegin = () => true,
  log,
}: Walk): Promise<Delivery> {
  const end = performance.now() + deadlineMs;
  const route = openRoute(steps);
  const underWay = new Map<Step, Promise<StepResult>>();
  const over = new AbortController();
  const begin = (step: Step | undefined, force?: 'force'): boolean => {
    const leftMs = end - performance.now();
    if (!step || leftMs <= 0 || !mayBegin()) return false;
    const budgetMs = Math.max(1, Math.floor(leftMs / (1 + (force ? route.passedOver() : route.left()))));
    underWay.set(step, attempt({ step, push, budgetMs, log, isOver: over.signal, force }));
    return true;
  };
  while (underWay.size > 0 || begin(route.next()) || begin(route.lastResort(), 'force')) {
    const result = await firstOf([...underWay.values()], route.left() > 0 ? hedgeMs : undefined);
    if (result) {
      underWay.delete(result.step);
      route.note(result);
      // Slower steps end at once, and are noted as aborted.
      if (result.outcome.kind === 'sent' && underWay.size > 0) over.abort();
    } else begin(route.next());
  }
  return route.delivery;
}

/** The first result; undefined when none comes within `limitMs`. */
function firstOf(underWay: readonly Promise<StepResult>[], limitMs: number | undefined): Promise<StepResult | undefined> {
  if (limitMs === undefined) return Promise.race(underWay);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  return Promise.race([...underWay, late]).finally(() => clearTimeout(timer));
}

/** The state of a delivery: which step is next, and the results so far. */
function openRoute(steps: Steps) {
  const delivery: Delivery = { outcome: untried, attempts: [], deadAddresses: [] };
  const rejected = new Set<string>();
  const passedOver: Step[] = [];
  let waiting = steps;
  const isOpen = (step: Steps[number]): step is Step => !('skip' in step) && !rejected.has(placeOf(step));
  return {
    delivery,
    left: () => (delivery.outcome.kind === 'sent' ? 0 : waiting.filter(isOpen).length),
    /** The next step to try; skipped steps before it are noted. Undefined once the push is sent. */
    next(): Step | undefined {
      while (waiting.length > 0 && delivery.outcome.kind !== 'sent') {
        const [step, ...rest] = waiting;
        waiting = rest;
        if (step && isOpen(step)) return step;
        if (step) delivery.attempts.push({ provider: step.name, outcome: 'skipped', reason: skipReason(step), ms: 0 });
      }
      return undefined;
    },
    passedOver: () => passedOver.length,
    /**
     * The step with the oldest failure among those that an open breaker refused, each once. Undefined once the push is
     * sent.
     */
    lastResort: (): Step | undefined =>
      delivery.outcome.kind === 'sent' ? undefined : passedOver.sort((a, b) => failedAt(a) - failedAt(b)).shift(),
    note({ step, outcome, ms }: StepResult): void {
      delivery.attempts.push(attemptOf(step.name, outcome, ms));
      if (delivery.outcome.kind !== 'sent') delivery.outcome = outcome;
      if (outcome.kind === 'rejected') rejected.add(placeOf(step));
      if (outcome.reason === 'circuit-open') passedOver.push(step);
      if (outcome.reason === 'dead-address' && step.address) delivery.deadAddresses.push(step.address);
    },
  };
}

function attemptOf(provider: string, outcome: DeliveryOutcome, ms: number): Attempt {
  if (outcome.kind === 'sent') return { provider, outcome: outcome.kind, reason: outcome.reason ?? '', ms };
  return { provider, outcome: outcome.kind, reason: outcome.reason, ms };
}

const placeOf = ({ name, address }: Step): string => `${name} ${address?.kind ?? 'none'}`;
const failedAt = ({ guard }: Step): number => guard.seen().lastError?.at ?? 0;
const skipReason = (step: Steps[number]) => ('skip' in step ? step.skip : 'rejected-before');
