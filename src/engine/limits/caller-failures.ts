import { openCache, openTally } from '../../foundation/cache/index.ts';
import { type Clock, type Tell, TurnedAway } from '../../foundation/model/index.ts';
import type { Metrics } from '../../foundation/telemetry/index.ts';
import { networkOf } from '../../foundation/wire/networks.ts';
import type { Store } from '../../store/store.ts';

/** The kinds of failures of a source. Each has a count of its own. */
export type LimitScope = 'rollout' | 'pairing' | 'answer' | 'poll' | 'login' | 'status' | 'passthru' | 'caller' | 'device';

/**
 * How a wrong proof is refused. `turned-away`: its source had failed too often before; nothing was written, and nothing
 * must be logged.
 */
export type WrongProof = 'refused' | 'turned-away';

/**
 * Counts failures per source address (IPv6: its /64), shared by all gateways. The good path costs no read: a gateway
 * learns of a full window when it counts. Proofs that cannot be guessed (signatures, keys) are checked first and
 * counted if wrong, so a right one is always accepted. Secrets that can be guessed (passwords) are checked only while
 * the source is not blocked.
 */
export type SourceLimits = {
  /** Whether this source has failed too often; counts a rejection. For refusals that must not reveal this reason. */
  isBlocked(scope: LimitScope, source: string): boolean;
  /**
   * Throws `TurnedAway` while this source has failed too often; counts a rejection. For protocols that can say "not
   * now".
   */
  assertNotBlocked(scope: LimitScope, source: string): void;
  /**
   * Counts a failure. Beyond the limit it only counts a rejection in the metrics.
   * @param details for the event: the source to show instead, and the user concerned
   */
  failed(scope: LimitScope, source: string, details?: EventDetails): Promise<WrongProof>;
  /** The same, but throws `TurnedAway` beyond the limit. For protocols that can say "not now". */
  failedOrThrow(scope: LimitScope, source: string): Promise<void>;
};

type EventDetails = { source: string; user: string; realm: string };

/**
 * A source that can only fail with one push token. Many phones share an address, and one that keeps asking with a
 * forgotten token must not block the others.
 */
export const limitedSource = (address: string, { serial }: { serial: string }): string => `${address} ${serial}`;

/** How many failures a source may have per window (ms) before it is turned away until the window ends. */
export type SourceLimitSettings = { failures: number; windowMs: number };

type LimitParts = { store: Pick<Store, 'countUp'>; clock: Clock; metrics: Metrics; tell: Tell; settings: SourceLimitSettings };

/** Opens the limits with the counters of the store. */
export function openSourceLimits({ store, clock, metrics, tell, settings }: LimitParts): SourceLimits {
  const blockedUntil = openCache<number>(100_000);
  const beingCounted = openTally();
  /** How long (ms) a source is still blocked; counts a rejection if it is. */
  const waitOf = (scope: LimitScope, source: string): number => {
    const waitMs = Math.max(0, (blockedUntil.get(keyOf(scope, source)) ?? 0) - clock());
    if (waitMs > 0) metrics.limitRejections.inc({ scope });
    return waitMs;
  };
  const assertNotBlocked = (scope: LimitScope, source: string): void => {
    const waitMs = waitOf(scope, source);
    if (waitMs > 0) throw new TurnedAway(waitMs);
  };
  /** Counts in the store; returns whether the failure is beyond the limit. */
  const count = async (scope: LimitScope, source: string, details: EventDetails | undefined): Promise<boolean> => {
    const key = keyOf(scope, source);
    const now = clock();
    const counted = await store.countUp(key, now, now + settings.windowMs);
    if (counted.count >= settings.failures) blockedUntil.set(key, counted.endsAt);
    if (counted.count === settings.failures) tell({ kind: 'source-limited', scope, source, ...details, forMs: counted.endsAt - now });
    return counted.count > settings.failures;
  };
  const failed = async (scope: LimitScope, source: string, details?: EventDetails): Promise<WrongProof> => {
    if (waitOf(scope, source) > 0) return 'turned-away';
    const key = keyOf(scope, source);
    // A burst may end before the store has counted its first failure; at most one window of failures is written.
    const isBeyond = beingCounted.of(key) >= settings.failures || (await beingCounted.during(key, () => count(scope, source, details)));
    if (isBeyond) metrics.limitRejections.inc({ scope });
    return isBeyond ? 'turned-away' : 'refused';
  };
  return {
    isBlocked: (scope, source) => waitOf(scope, source) > 0,
    assertNotBlocked,
    failed,
    async failedOrThrow(scope, source) {
      if ((await failed(scope, source)) === 'refused') return;
      throw new TurnedAway(Math.max(0, (blockedUntil.get(keyOf(scope, source)) ?? 0) - clock()));
    },
  };
}

/** A source begins with its address; the rest says which part of it fails. */
function keyOf(scope: LimitScope, source: string): string {
  const [address = '', ...rest] = source.split(' ');
  return [`${scope}:${networkOf(address)}`, ...rest].join(' ');
}
