import type { Clock, Tell } from '../foundation/model/index.ts';
import { deciding, type Expiry } from '../foundation/settings/index.ts';

/** A credential ends soon when less than this time (ms) is left. */
export const endingSoonMs = 30 * 86_400_000;

const dayMs = 86_400_000;
const everyMs = 60 * 60_000;

/** Credentials with their holder, such as `provider NAME` or `listener ADDRESS`. */
export type HeldCredentials = { holder: string; expiries: readonly Expiry[] };

/** Watches for credentials that end soon. */
export type EndingWatch = {
  /** Looks now, in addition to the look every hour. */
  look(): void;
  stop(): void;
};

/**
 * Reports each credential that ends within 30 days, or has ended, once a day. An expired certificate that is only part
 * of a chain does not count.
 */
export function watchEndings({ held, clock, tell }: { held: () => readonly HeldCredentials[]; clock: Clock; tell: Tell }): EndingWatch {
  let reportedAt = new Map<string, number>();
  const look = (): void => {
    const now = clock();
    const next = new Map<string, number>();
    for (const { holder, expiries } of held())
      for (const { kind: type, what, at } of deciding(expiries, now).filter((each) => each.at - now <= endingSoonMs)) {
        const key = JSON.stringify([holder, type, what, at]);
        const last = next.get(key) ?? reportedAt.get(key);
        const isDue = last === undefined || Math.abs(now - last) >= dayMs;
        next.set(key, isDue ? now : last);
        if (isDue)
          tell({
            kind: 'credential-ending',
            holder,
            type,
            what,
            ends: new Date(at).toISOString(),
            daysLeft: Math.floor((at - now) / dayMs),
          });
      }
    // Replaced credentials are forgotten.
    reportedAt = next;
  };
  const timer = setInterval(look, everyMs).unref();
  return { look, stop: () => clearInterval(timer) };
}
