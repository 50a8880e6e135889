import {
  BulkheadRejectedError,
  bulkhead,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhenResult,
} from 'cockatiel';
import type { Clock } from '../../foundation/model/index.ts';
import type { DeliveryOutcome } from '../provider-kit/index.ts';

/** How much of one provider at once, and when it is left alone. Times are ms. */
export type GuardLimits = { maxInFlight: number; maxQueue: number; breakerFailures: number; breakerOpenMs: number };

/** What was seen of a provider last; times are epoch ms. */
export type Seen = { lastSuccess?: number; lastError?: { at: number; reason: string; detail?: string | undefined } };

/** Stands before one provider: a bulkhead and a breaker. Back-off belongs here, never to the login. */
export type Guard = {
  /** Runs one delivery, or answers `busy` or `circuit-open` at once. `force` passes an open breaker by. */
  run(attempt: () => Promise<DeliveryOutcome>, force?: 'force'): Promise<DeliveryOutcome>;
  /** By the time it is: `half-open` from the moment on at which the next push may try the provider, whether or not one comes. */
  circuit(): 'closed' | 'open' | 'half-open';
  /** Closes the breaker: the provider was proved to work. */
  close(): void;
  inFlight(): number;
  queued(): number;
  seen(): Seen;
};

const circuitOpen: DeliveryOutcome = { kind: 'unavailable', reason: 'circuit-open' };
const busy: DeliveryOutcome = { kind: 'unavailable', reason: 'busy' };

/** Whether an outcome says that the provider is ill for everybody: it cannot be had, or refuses us. A login that gave up says nothing. */
const isIll = ({ kind, reason }: DeliveryOutcome): boolean =>
  (kind === 'unavailable' && reason !== 'aborted') || (kind === 'rejected' && reason === 'credentials');

const isOutcome = (result: unknown): result is DeliveryOutcome => typeof result === 'object' && result !== null && 'kind' in result;

/** Hears how long each delivery waited for its place (s), and when the breaker opens or closes. */
export type GuardListeners = { onWaited(seconds: number): void; onBreaker(state: 'open' | 'closed'): void };

/** Opens a guard with a closed breaker. */
export function openGuard(
  { maxInFlight, maxQueue, breakerFailures, breakerOpenMs }: GuardLimits,
  clock: Clock,
  { onWaited, onBreaker }: GuardListeners,
): Guard {
  const rooms = bulkhead(maxInFlight, maxQueue);
  const fresh = () => openBreaker(breakerFailures, breakerOpenMs, onBreaker);
  let breaker = fresh();
  let seen: Seen = {};
  let inside = 0;
  const learn = (outcome: DeliveryOutcome): DeliveryOutcome => {
    if (outcome.kind === 'sent') seen = { ...seen, lastSuccess: clock() };
    // A dead address and a login that gave up are no errors of the provider.
    else if (outcome.reason !== 'dead-address' && outcome.reason !== 'aborted') seen = { ...seen, lastError: errorOf(outcome, clock()) };
    return outcome;
  };
  const close = (): void => {
    // What is under way counts for the breaker that it began with.
    if (breaker.state() === 'closed') return;
    breaker = fresh();
    onBreaker('closed');
  };
  const inRoom = async (attempt: () => Promise<DeliveryOutcome>): Promise<DeliveryOutcome> => {
    inside += 1;
    try {
      return learn(await attempt());
    } finally {
      inside -= 1;
    }
  };
  const forced = async (attempt: () => Promise<DeliveryOutcome>): Promise<DeliveryOutcome> => {
    const outcome = await inRoom(attempt);
    if (outcome.kind === 'sent') close();
    return outcome;
  };
  return {
    circuit: () => breaker.state(),
    close,
    inFlight: () => inside,
    queued: () => maxQueue - rooms.queueSlots,
    seen: () => seen,
    async run(attempt, force) {
      // While one probe is under way nobody waits for what comes of it.
      if (!force && breaker.isProbing()) return circuitOpen;
      const asked = performance.now();
      try {
        return await rooms.execute(() => {
          onWaited((performance.now() - asked) / 1000);
          return force ? forced(attempt) : breaker.execute(() => inRoom(attempt));
        });
      } catch (error) {
        if (error instanceof BulkheadRejectedError) return busy;
        if (error instanceof Error && 'isBrokenCircuitError' in error) return circuitOpen;
        throw error;
      }
    },
  };
}

/** cockatiel's breaker with its state as of now: by itself it stays open, as one reads it, until something is executed. */
function openBreaker(failures: number, openMs: number, tell: GuardListeners['onBreaker']) {
  const isProbing = (): boolean => breaker.state === CircuitState.HalfOpen;
  const breaker: CircuitBreakerPolicy = circuitBreaker(
    // What was given up says nothing, so it takes no provider back that was left alone.
    handleWhenResult((result) => isOutcome(result) && (isIll(result) || (result.reason === 'aborted' && isProbing()))),
    { halfOpenAfter: openMs, breaker: new ConsecutiveBreaker(failures) },
  );
  let openedAt = 0;
  let isOpen = false;
  // It goes by Date.now(), so its moments are told by that. A probe that fails opens it again: that is no news.
  breaker.onBreak(() => {
    openedAt = Date.now();
    if (!isOpen) tell('open');
    isOpen = true;
  });
  breaker.onReset(() => {
    isOpen = false;
    tell('closed');
  });
  return {
    execute: (attempt: () => Promise<DeliveryOutcome>) => breaker.execute(attempt),
    /** Whether a push is under way that tries the provider again. */
    isProbing,
    state(): 'closed' | 'open' | 'half-open' {
      if (isProbing()) return 'half-open';
      if (breaker.state === CircuitState.Closed) return 'closed';
      return Date.now() - openedAt < openMs ? 'open' : 'half-open';
    },
  };
}

const errorOf = ({ reason, detail }: Exclude<DeliveryOutcome, { kind: 'sent' }>, at: number) => ({ at, reason, detail });
