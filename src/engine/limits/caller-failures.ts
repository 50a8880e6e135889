import { openCache, openTally } from '../../foundation/cache/index.ts';
import { type Clock, type Tell, TurnedAway } from '../../foundation/model/index.ts';
import type { Metrics } from '../../foundation/telemetry/index.ts';
import { networkOf } from '../../foundation/wire/networks.ts';
import type { Store } from '../../store/store.ts';

/** What a source can fail at. Each has a count of its own. */
export type LimitScope = 'rollout' | 'pairing' | 'answer' | 'poll' | 'login' | 'status' | 'passthru' | 'caller' | 'device';

/** How a wrong proof is refused: `turned-away` where its source had failed too often before. Then nothing was written, and nothing is to be logged. */
export type WrongProof = 'refused' | 'turned-away';

/**
 * Counts failures per source address (IPv6: its /64), shared by all gateways. The good path costs no read: a gateway learns of a full window when it
 * counts. What nobody can guess (a signature, a key) is looked at first and counted when it is wrong, so that a right one is always taken. What can be
 * guessed (a password) is looked at only while the source is calm.
 */
export type SourceLimits = {
  /** True while this source has failed too often; counted as a rejection. For refusals that read alike whatever their reason. */
  isBlocked(scope: LimitScope, source: string): boolean;
  /** Throws `TurnedAway` while this source has failed too often; counted as a rejection. For all that can say "not now". */
  demandCalm(scope: LimitScope, source: string): void;
  /**
   * Counts a failure. Past the limit it is one rejection more in the metrics, and nothing else.
   * @param told what the event names as source instead, and whom it is about
   */
  failed(scope: LimitScope, source: string, told?: Told): Promise<WrongProof>;
  /** The same, but throws `TurnedAway` past the limit: for wrong proofs of those who may be told "not now". */
  failedOpenly(scope: LimitScope, source: string): Promise<void>;
};

type Told = { source: string; user: string; realm: string };

/**
 * A source that can fail with one push token only: many phones share an address, and one that was forgotten by the server and goes on asking
 * must not silence the others.
 */
export const limitedSource = (address: string, { serial }: { serial: string }): string => `${address} ${serial}`;

/** How many failures a source has per window (ms) before it is turned away for the rest of it. */
export type SourceLimitSettings = { failures: number; windowMs: number };

type LimitParts = { store: Pick<Store, 'countUp'>; clock: Clock; metrics: Metrics; tell: Tell; settings: SourceLimitSettings };

/** Opens the limits over the counters of the store. */
export function openSourceLimits({ store, clock, metrics, tell, settings }: LimitParts): SourceLimits {
  const blockedUntil = openCache<number>(100_000);
  const beingCounted = openTally();
  /** How long (ms) a source is turned away yet. */
  const waitOf = (scope: LimitScope, source: string): number => {
    const waitMs = Math.max(0, (blockedUntil.get(keyOf(scope, source)) ?? 0) - clock());
    if (waitMs > 0) metrics.limitRejections.inc({ scope });
    return waitMs;
  };
  const demandCalm = (scope: LimitScope, source: string): void => {
    const waitMs = waitOf(scope, source);
    if (waitMs > 0) throw new TurnedAway(waitMs);
  };
  /** Counts in the store, and returns whether the failure is beyond the limit. */
  const count = async (scope: LimitScope, source: string, told: Told | undefined): Promise<boolean> => {
    const key = keyOf(scope, source);
    const now = clock();
    const counted = await store.countUp(key, now, now + settings.windowMs);
    if (counted.count >= settings.failures) blockedUntil.set(key, counted.endsAt);
    if (counted.count === settings.failures) tell({ kind: 'source-limited', scope, source, ...told, forMs: counted.endsAt - now });
    return counted.count > settings.failures;
  };
  const failed = async (scope: LimitScope, source: string, told?: Told): Promise<WrongProof> => {
    if (waitOf(scope, source) > 0) return 'turned-away';
    const key = keyOf(scope, source);
    // A burst is over before the store has counted its first one: more than a whole window of them are not written either.
    const isBeyond = beingCounted.of(key) >= settings.failures || (await beingCounted.during(key, () => count(scope, source, told)));
    if (isBeyond) metrics.limitRejections.inc({ scope });
    return isBeyond ? 'turned-away' : 'refused';
  };
  return {
    isBlocked: (scope, source) => waitOf(scope, source) > 0,
    demandCalm,
    failed,
    async failedOpenly(scope, source) {
      if ((await failed(scope, source)) === 'refused') return;
      throw new TurnedAway(Math.max(0, (blockedUntil.get(keyOf(scope, source)) ?? 0) - clock()));
    },
  };
}

/** A source begins with its address; what stands behind it says what failed. */
function keyOf(scope: LimitScope, source: string): string {
  const [address = '', ...rest] = source.split(' ');
  return [`${scope}:${networkOf(address)}`, ...rest].join(' ');
}
