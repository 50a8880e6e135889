import { openCache } from '../../foundation/cache/index.ts';
import { sha256Hex } from '../../foundation/crypto/index.ts';
import type { Clock } from '../../foundation/model/index.ts';
import type { Store } from '../../store/store.ts';

/** Tokens that ended before their time, since their administrator logged out. All gateways share them through the store. */
export type EndedTokens = {
  /** Ends this token; `until` is when it would have ended by itself (epoch ms). */
  end(token: string, until: number): Promise<void>;
  /** Whether this token was ended; a logout at another gateway is seen within two seconds. */
  isEnded(token: string): Promise<boolean>;
};

type Parts = { store: Pick<Store, 'countUp' | 'countOf'>; clock: Clock };

const rememberedMs = 2000;
const mostRemembered = 10_000;

/** Opens the tokens that ended. The store keeps a digest of each until its time is over. */
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
      // A clock that was put back must not keep an old answer alive.
      if (seen !== undefined && Math.abs(now - seen) < rememberedMs) return false;
      if ((await store.countOf(key, now)) === 0) aliveAt.set(key, now);
      else ended.set(key, true);
      return ended.has(key);
    },
  };
}

/** Of what is signed alone: the same signature can be written in several ways. */
const keyOf = (token: string): string => `ended-token:${sha256Hex(token.slice(0, token.lastIndexOf('.'))).slice(0, 32)}`;
