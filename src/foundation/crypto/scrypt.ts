import { type ScryptOptions, scrypt } from 'node:crypto';
import { hashing } from './thread-places.ts';

/** What is hashed: the text, the salt, and how many bytes come of it. */
export type ScryptInput = { password: string | Uint8Array; salt: Uint8Array; length: number };

/** The scrypt hash, off the event loop, in its turn among other hashes. Rejects where `options` do not allow it. */
export const hashScrypt = ({ password, salt, length }: ScryptInput, options: ScryptOptions): Promise<Buffer> =>
  hashing(
    () =>
      new Promise((resolve, reject) => {
        scrypt(password, salt, length, options, (error, hash) => (error ? reject(error) : resolve(hash)));
      }),
  );
