import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** An environment that a device address can come from. */
export type Environment = 'production' | 'sandbox';

/** Remembers which environment addresses come from, by their hashes. */
export type EnvironmentMemory = {
  /** Where to try an address first. */
  likely(device: string): Environment;
  learn(device: string, environment: Environment): void;
};

// Builds of developers are few; whoever falls out costs one more request.
const maxRemembered = 10_000;

/** Opens a memory that knows nothing: every address is taken to be of production. */
export function openEnvironmentMemory(): EnvironmentMemory {
  const ofSandbox = new LRUCache<string, true>({ max: maxRemembered });
  const hash = (device: string): string => createHash('sha256').update(device).digest('base64url');
  return {
    // Most gateways have no such address at all.
    likely: (device) => (ofSandbox.size > 0 && ofSandbox.get(hash(device)) ? 'sandbox' : 'production'),
    learn(device, environment) {
      if (environment === 'sandbox') ofSandbox.set(hash(device), true);
      else ofSandbox.delete(hash(device));
    },
  };
}

/** The other one. */
export const otherThan = (environment: Environment): Environment => (environment === 'production' ? 'sandbox' : 'production');
