import { openCache } from '../../foundation/cache/index.ts';
import { type Clock, type Tell, TurnedAway } from '../../foundation/model/index.ts';
import type { Metrics } from '../../foundation/telemetry/index.ts';
import type { Store } from '../../store/store.ts';

/** What a source can fail at. Each has a count of its own. */
export type LimitScope = 'rollout' | 'answer' | 'poll' | 'login' | 'status' | 'passthru' | 'caller' | 'device';

/** Counts failures per source address, shared by all gateways. The good path costs no read: a gateway learns of a full window when it counts. */
export type SourceLimits = {
  /** True while this source has failed too often; counted as a rejection. For refusals that read alike whatever their reason. */
  isBlocked(scope: LimitScope, source: string): boolean;
  /** Throws `TurnedAway` while this source has failed too often; counted as a rejection. For all that can say "not now". */
  demandCalm(scope: LimitScope, source: string): void;
  /** @param told what the event names as source instead, and whom it is about */
  failed(scope: LimitScope, source: string, told?: Told): Promise<void>;
};

type Told = { source: string; user: string; realm: string };

/**
 * A source that can fail with one push token only: many phones share an address, and one that was forgotten by the server and goes on asking
 * must not silence the others.
 */
export const limitedSource = (address: string, { serial }: { serial: string }): string => `${address} ${serial}`;

/** How many failures a source has per window (ms) before it is turned away for the rest of it. */
export type SourceLimitSettings = { failures: number; windowMs: number };

type LimitParts = { store: Store; clock: Clock; metrics: Metrics; tell: Tell; settings: SourceLimitSettings };

/** Opens the limits over the counters of the store. */
export function openSourceLimits({ store, clock, metrics, tell, settings }: LimitParts): SourceLimits {
  const blockedUntil = openCache<number>(100_000);
  /** How long (ms) a source is turned away yet. */
  const waitOf = (scope: LimitScope, source: string): number => {
    const waitMs = Math.max(0, (blockedUntil.get(`${scope}:${source}`) ?? 0) - clock());
    if (waitMs > 0) metrics.limitRejections.inc({ scope });
    return waitMs;
  };
  return {
    isBlocked: (scope, source) => waitOf(scope, source) > 0,
    demandCalm(scope, source) {
      const waitMs = waitOf(scope, source);
      if (waitMs > 0) throw new TurnedAway(waitMs);
    },
    async failed(scope, source, told) {
      const now = clock();
      const { count, endsAt } = await store.countUp(`${scope}:${source}`, now, now + settings.windowMs);
      if (count < settings.failures) return;
      blockedUntil.set(`${scope}:${source}`, endsAt);
      if (count === settings.failures) tell({ kind: 'source-limited', scope, source, ...told, forMs: endsAt - now });
    },
  };
}
