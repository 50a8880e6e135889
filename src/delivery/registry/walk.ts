import type { DeviceAddress } from '../../foundation/model/index.ts';
import type { Log } from '../../foundation/telemetry/index.ts';
import type { DeliveryOutcome, Push } from '../provider-kit/index.ts';
import { attempt, type Ended, type Step } from './attempt.ts';

/** A push before an address was chosen. */
export type OutgoingPush = Omit<Push, 'address' | 'addresses' | 'budgetMs'> & { addresses: readonly DeviceAddress[] };

/** What one step came to. `ms` is how long it took. */
export type Attempt = { provider: string; ms: number } & (
  | { outcome: 'sent'; reason: 'poll' | '' }
  | { outcome: 'rejected' | 'unavailable'; reason: Exclude<DeliveryOutcome, { kind: 'sent' }>['reason'] }
  | { outcome: 'skipped'; reason: 'no-address' | 'unknown-provider' | 'out-of-use' | 'rejected-before' }
);

/** How a plan ended, step by step, and the addresses that a provider said are dead. */
export type Delivery = { outcome: DeliveryOutcome; attempts: Attempt[]; deadAddresses: DeviceAddress[] };

/** The steps of a plan in their order; some have nothing to try. */
export type Steps = (Step | { name: string; skip: 'no-address' | 'unknown-provider' | 'out-of-use' })[];

/**
 * One walk: its steps, what they carry, and the time for all of them (ms). `hedgeMs`: a step that takes longer than this gets the next one
 * for company; absent: one at a time. `mayBegin`: asked before each step; absent: always.
 */
export type Walk = { steps: Steps; push: OutgoingPush; deadlineMs: number; hedgeMs?: number; mayBegin?: () => boolean; log: Log };

const untried: DeliveryOutcome = { kind: 'unavailable', reason: 'connection', detail: 'no provider could be tried' };

/**
 * Tries the steps in order until one is `sent` or the deadline has come, whatever a far side does. What is left of the time is shared evenly
 * by the steps that are left, so that one provider that hangs leaves time for the next. What open breakers left
 * alone is tried all the same when nothing else is left, the one that failed longest ago first.
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
  const underWay = new Map<Step, Promise<Ended>>();
  const over = new AbortController();
  const begin = (step: Step | undefined, force?: 'force'): boolean => {
    const leftMs = end - performance.now();
    if (!step || leftMs <= 0 || !mayBegin()) return false;
    const budgetMs = Math.max(1, Math.floor(leftMs / (1 + (force ? route.passedOver() : route.left()))));
    underWay.set(step, attempt({ step, push, budgetMs, log, isOver: over.signal, force }));
    return true;
  };
  while (underWay.size > 0 || begin(route.next()) || begin(route.lastResort(), 'force')) {
    const ended = await firstOf([...underWay.values()], route.left() > 0 ? hedgeMs : undefined);
    if (ended) {
      underWay.delete(ended.step);
      route.note(ended);
      // What a quicker step made needless ends at once, and is noted as such.
      if (ended.outcome.kind === 'sent' && underWay.size > 0) over.abort();
    } else begin(route.next());
  }
  return route.delivery;
}

/** The first that ends; undefined when none has within `limitMs`. */
function firstOf(underWay: readonly Promise<Ended>[], limitMs: number | undefined): Promise<Ended | undefined> {
  if (limitMs === undefined) return Promise.race(underWay);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  return Promise.race([...underWay, late]).finally(() => clearTimeout(timer));
}

/** The way through the steps: which comes next, and what came of those before. */
function openRoute(steps: Steps) {
  const delivery: Delivery = { outcome: untried, attempts: [], deadAddresses: [] };
  const rejected = new Set<string>();
  const passedOver: Step[] = [];
  let waiting = steps;
  const isOpen = (step: Steps[number]): step is Step => !('skip' in step) && !rejected.has(placeOf(step));
  return {
    delivery,
    left: () => (delivery.outcome.kind === 'sent' ? 0 : waiting.filter(isOpen).length),
    /** The next step that can be tried; those before it are noted as skipped. Undefined once the push is out. */
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
    /** Better a provider that its breaker left alone than nobody: the one that failed longest ago, each once. Undefined once the push is out. */
    lastResort: (): Step | undefined =>
      delivery.outcome.kind === 'sent' ? undefined : passedOver.sort((a, b) => failedAt(a) - failedAt(b)).shift(),
    note({ step, outcome, ms }: Ended): void {
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
