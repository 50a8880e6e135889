import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

/** How often a function of `node:crypto` was called in this process, whoever asks for it, until `stop`. */
export type CountedCalls = { count(): number; stop(): void };

/** The function that is counted, and which of its calls. */
const counted = {
  hashes: { name: 'scrypt', counts: () => true },
  // The audit signs by Ed25519, and the phones of the kit by another function.
  'RSA signatures': { name: 'sign', counts: (algorithm: unknown) => algorithm === 'sha256' },
  'RSA checks': { name: 'verify', counts: (algorithm: unknown) => algorithm === 'sha256' },
} as const;

/** Counts the hashes of PINs, or the RSA signatures or checks of the gateway. */
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
