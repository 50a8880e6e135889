import { type ScryptOptions, scrypt } from 'node:crypto';
import { hashing } from './thread-limits.ts';

/** The input of a hash: the text, the salt, and the length of the result in bytes. */
export type ScryptInput = { password: string | Uint8Array; salt: Uint8Array; length: number };

/**
 * The scrypt hash, computed off the event loop when the `hashing` semaphore has a permit. Rejects on invalid `options`.
 */
export const hashScrypt = ({ password, salt, length }: ScryptInput, options: ScryptOptions): Promise<Buffer> =>
  hashing(
    () =>
      new Promise((resolve, reject) => {
        scrypt(password, salt, length, options, (error, hash) => (error ? reject(error) : resolve(hash)));
      }),
  );
