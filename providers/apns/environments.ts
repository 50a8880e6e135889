import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** An environment of a device address. */
export type Environment = 'production' | 'sandbox';

/** Remembers the environments of addresses, by hash. */
export type EnvironmentMemory = {
  /** The environment to try first. */
  likely(device: string): Environment;
  learn(device: string, environment: Environment): void;
};

// Developers' builds are few; a forgotten address costs one more request.
const maxRemembered = 10_000;

/** Opens an empty memory: every address counts as production. */
export function openEnvironmentMemory(): EnvironmentMemory {
  const ofSandbox = new LRUCache<string, true>({ max: maxRemembered });
  const hash = (device: string): string => createHash('sha256').update(device).digest('base64url');
  return {
    // Most gateways have no sandbox address at all.
    likely: (device) => (ofSandbox.size > 0 && ofSandbox.get(hash(device)) ? 'sandbox' : 'production'),
    learn(device, environment) {
      if (environment === 'sandbox') ofSandbox.set(hash(device), true);
      else ofSandbox.delete(hash(device));
    },
  };
}

/** The other environment. */
export const otherThan = (environment: Environment): Environment => (environment === 'production' ? 'sandbox' : 'production');
