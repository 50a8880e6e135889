import type { Clock, Tell } from '../foundation/model/index.ts';
import { deciding, type Expiry } from '../foundation/settings/index.ts';

/** How long before its end (ms) a credential is one that ends soon. */
export const endingSoonMs = 30 * 86_400_000;

const dayMs = 86_400_000;
const everyMs = 60 * 60_000;

/** Credentials, and who has them: `provider NAME`, `listener ADDRESS`. */
export type HeldCredentials = { holder: string; expiries: readonly Expiry[] };

/** Looks for credentials that end soon. */
export type EndingWatch = {
  /** Looks now; it does so every hour by itself. */
  look(): void;
  stop(): void;
};

/** Tells of each credential that ends within 30 days, or has ended, once a day. An ended certificate that only stands in a chain does not count. */
export function watchEndings({ held, clock, tell }: { held: () => readonly HeldCredentials[]; clock: Clock; tell: Tell }): EndingWatch {
  let toldAt = new Map<string, number>();
  const look = (): void => {
    const now = clock();
    const next = new Map<string, number>();
    for (const { holder, expiries } of held())
      for (const { kind: type, what, at } of deciding(expiries, now).filter((each) => each.at - now <= endingSoonMs)) {
        const key = JSON.stringify([holder, type, what, at]);
        const last = next.get(key) ?? toldAt.get(key);
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
    // Those that were replaced are forgotten.
    toldAt = next;
  };
  const timer = setInterval(look, everyMs).unref();
  return { look, stop: () => clearInterval(timer) };
}
