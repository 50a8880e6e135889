import { openCache } from '../../foundation/cache/index.ts';
import { sha256Hex } from '../../foundation/crypto/index.ts';
import type { Clock } from '../../foundation/model/index.ts';
import type { Store } from '../../store/store.ts';

/** Tokens that were ended early by a logout. All gateways share them through the store. */
export type EndedTokens = {
  /** Ends this token; `until` is its regular end (epoch ms). */
  end(token: string, until: number): Promise<void>;
  /** Whether this token was ended; a logout at another gateway takes effect within two seconds. */
  isEnded(token: string): Promise<boolean>;
};

type Parts = { store: Pick<Store, 'countUp' | 'countOf'>; clock: Clock };

const rememberedMs = 2000;
const mostRemembered = 10_000;

/** Opens the ended tokens. The store keeps a digest of each until its regular end. */
export function openEndedTokens({ store, clock }: Parts): EndedTokens {
  const ended = openCache<true>(mostRemembered);
  const aliveAt = openCache<number>(mostRemembered);
  return {
    async end(token, until) {
      const key = keyOf(token);
      await store.countUp(key, clock(), until);
      ended.set(key, true);
    },
    async isEnded(token) {
      const key = keyOf(token);
      if (ended.has(key)) return true;
      const [now, seen] = [clock(), aliveAt.get(key)];
      // A clock that was set back must not prolong an old answer.
      if (seen !== undefined && Math.abs(now - seen) < rememberedMs) return false;
      if ((await store.countOf(key, now)) === 0) aliveAt.set(key, now);
      else ended.set(key, true);
      return ended.has(key);
    },
  };
}

/** A digest of the signed part only: one signature has several spellings. */
const keyOf = (token: string): string => `ended-token:${sha256Hex(token.slice(0, token.lastIndexOf('.'))).slice(0, 32)}`;
