import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

/** Counts all calls of a function of `node:crypto` in this process until `stop`. */
export type CountedCalls = { count(): number; stop(): void };

/** The counted functions, and a filter for their calls. */
const counted = {
  hashes: { name: 'scrypt', counts: () => true },
  // The audit signs with Ed25519, and the kit's phones use another function.
  'RSA signatures': { name: 'sign', counts: (algorithm: unknown) => algorithm === 'sha256' },
  'RSA checks': { name: 'verify', counts: (algorithm: unknown) => algorithm === 'sha256' },
} as const;

/** Counts PIN hashes, or the gateway's RSA signatures or verifications. */
export function countCalls(what: keyof typeof counted): CountedCalls {
  const { name, counts } = counted[what];
  const original = crypto[name];
  let count = 0;
  const put = (value: unknown): void => {
    Object.assign(crypto, { [name]: value });
    syncBuiltinESMExports();
  };
  put((...args: unknown[]): unknown => {
    if (counts(args[0])) count += 1;
    return Reflect.apply(original, crypto, args);
  });
  return { count: () => count, stop: () => put(original) };
}
