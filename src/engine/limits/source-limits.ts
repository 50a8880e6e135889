import { openCache } from '../../foundation/cache/index.ts';
import type { Clock } from '../../foundation/model/index.ts';
import type { Metrics } from '../../foundation/telemetry/index.ts';
import type { Store } from '../../store/store.ts';

/** What a source can fail at. Each has a count of its own. */
export type LimitScope = 'rollout' | 'answer' | 'poll' | 'login' | 'status' | 'passthru' | 'caller' | 'device';

/** Counts failures per source address, shared by all gateways. The good path costs no read: a gateway learns of a full window when it counts. */
export type SourceLimits = {
  /** True while this source has failed too often; counted as a rejection. */
  isBlocked(scope: LimitScope, source: string): boolean;
  failed(scope: LimitScope, source: string): Promise<void>;
};

/**
 * A source that can fail with one push token only: many phones share an address, and one that was forgotten by the server and goes on asking
 * must not silence the others.
 */
export const sourceOf = (address: string, { serial }: { serial: string }): string => `${address} ${serial}`;

/** How many failures a source has per window (ms) before it is turned away for the rest of it. */
export type SourceLimitSettings = { failures: number; windowMs: number };

/** Opens the limits over the counters of the store. */
export function openSourceLimits(parts: { store: Store; clock: Clock; metrics: Metrics; settings: SourceLimitSettings }): SourceLimits {
  const { store, clock, metrics, settings } = parts;
  const blockedUntil = openCache<number>(100_000);
  return {
    isBlocked(scope, source) {
      const until = blockedUntil.get(`${scope}:${source}`);
      if (until === undefined || clock() >= until) return false;
      metrics.limitRejections.inc({ scope });
      return true;
    },
    async failed(scope, source) {
      const now = clock();
      const { count, endsAt } = await store.countUp(`${scope}:${source}`, now, now + settings.windowMs);
      if (count >= settings.failures) blockedUntil.set(`${scope}:${source}`, endsAt);
    },
  };
}
