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

/** Limits of one provider. */
export type GuardLimits = {
  /** Concurrent pushes. */
  maxInFlight: number;
  /** Waiting pushes. */
  maxQueue: number;
  /** Failures in a row that open the breaker. */
  breakerFailures: number;
  /** How long the breaker stays open before a probe. */
  breakerOpenMs: number;
};

/** The last success and error of a provider; times are epoch ms. */
export type Seen = { lastSuccess?: number; lastError?: { at: number; reason: string; detail?: string | undefined } };

/** A bulkhead and a breaker in front of one provider. Back-off belongs here, never in a login. */
export type Guard = {
  /** Runs one delivery, or answers `busy` or `circuit-open` at once. `force` ignores an open breaker. */
  run(attempt: () => Promise<DeliveryOutcome>, force?: 'force'): Promise<DeliveryOutcome>;
  /** The state now: `half-open` from the moment when the next push may try the provider, whether or not one comes. */
  circuit(): 'closed' | 'open' | 'half-open';
  /** Closes the breaker after a proof that the provider works. */
  close(): void;
  inFlight(): number;
  queued(): number;
  seen(): Seen;
};

const circuitOpen: DeliveryOutcome = { kind: 'unavailable', reason: 'circuit-open' };
const busy: DeliveryOutcome = { kind: 'unavailable', reason: 'busy' };

/**
 * Whether an outcome counts as a failure of the provider: it is unavailable or refuses the credentials. An aborted
 * login says nothing.
 */
const isFailure = ({ kind, reason }: DeliveryOutcome): boolean =>
  (kind === 'unavailable' && reason !== 'aborted') || (kind === 'rejected' && reason === 'credentials');

const isOutcome = (result: unknown): result is DeliveryOutcome => typeof result === 'object' && result !== null && 'kind' in result;

/** Receives the time that each delivery waited for its place (s), and every opening and closing of the breaker. */
export type GuardListeners = { onWaited(seconds: number): void; onBreaker(state: 'open' | 'closed'): void };

/** Opens a guard with a closed breaker. */
export function openGuard(
  { maxInFlight, maxQueue, breakerFailures, breakerOpenMs }: GuardLimits,
  clock: Clock,
  { onWaited, onBreaker }: GuardListeners,
): Guard {
  const places = bulkhead(maxInFlight, maxQueue);
  const fresh = () => openBreaker(breakerFailures, breakerOpenMs, onBreaker);
  let breaker = fresh();
  let seen: Seen = {};
  let inside = 0;
  const record = (outcome: DeliveryOutcome): DeliveryOutcome => {
    if (outcome.kind === 'sent') seen = { ...seen, lastSuccess: clock() };
    // A dead address or an aborted login is not an error of the provider.
    else if (outcome.reason !== 'dead-address' && outcome.reason !== 'aborted') seen = { ...seen, lastError: errorOf(outcome, clock()) };
    return outcome;
  };
  const close = (): void => {
    // Deliveries under way still count for the old breaker.
    if (breaker.state() === 'closed') return;
    breaker = fresh();
    onBreaker('closed');
  };
  const counted = async (attempt: () => Promise<DeliveryOutcome>): Promise<DeliveryOutcome> => {
    inside += 1;
    try {
      return record(await attempt());
    } finally {
      inside -= 1;
    }
  };
  const forced = async (attempt: () => Promise<DeliveryOutcome>): Promise<DeliveryOutcome> => {
    const outcome = await counted(attempt);
    if (outcome.kind === 'sent') close();
    return outcome;
  };
  return {
    circuit: () => breaker.state(),
    close,
    inFlight: () => inside,
    queued: () => maxQueue - places.queueSlots,
    seen: () => seen,
    async run(attempt, force) {
      // During a probe no push waits for its result.
      if (!force && breaker.isProbing()) return circuitOpen;
      const asked = performance.now();
      try {
        return await places.execute(() => {
          onWaited((performance.now() - asked) / 1000);
          return force ? forced(attempt) : breaker.execute(() => counted(attempt));
        });
      } catch (error) {
        if (error instanceof BulkheadRejectedError) return busy;
        if (error instanceof Error && 'isBrokenCircuitError' in error) return circuitOpen;
        throw error;
      }
    },
  };
}

/**
 * cockatiel's breaker with a state that is correct at the time of reading: by itself it shows `open` until the next
 * execution.
 */
function openBreaker(failures: number, openMs: number, onBreaker: GuardListeners['onBreaker']) {
  const isProbing = (): boolean => breaker.state === CircuitState.HalfOpen;
  const breaker: CircuitBreakerPolicy = circuitBreaker(
    // An aborted push proves nothing, so as a probe it counts as a failure and the breaker stays open.
    handleWhenResult((result) => isOutcome(result) && (isFailure(result) || (result.reason === 'aborted' && isProbing()))),
    { halfOpenAfter: openMs, breaker: new ConsecutiveBreaker(failures) },
  );
  let openedAt = 0;
  let isOpen = false;
  // cockatiel uses Date.now(), so this does too. A failed probe opens the breaker again, which is not reported again.
  breaker.onBreak(() => {
    openedAt = Date.now();
    if (!isOpen) onBreaker('open');
    isOpen = true;
  });
  breaker.onReset(() => {
    isOpen = false;
    onBreaker('closed');
  });
  return {
    execute: (attempt: () => Promise<DeliveryOutcome>) => breaker.execute(attempt),
    /** Whether a push is under way that probes the provider. */
    isProbing,
    state(): 'closed' | 'open' | 'half-open' {
      if (isProbing()) return 'half-open';
      if (breaker.state === CircuitState.Closed) return 'closed';
      return Date.now() - openedAt < openMs ? 'open' : 'half-open';
    },
  };
}

const errorOf = ({ reason, detail }: Exclude<DeliveryOutcome, { kind: 'sent' }>, at: number) => ({ at, reason, detail });
