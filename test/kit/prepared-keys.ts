import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { CostlyParts } from '../../src/gateway/options.ts';

/** An RSA key pair of 2048 bits. */
export type KeyPair = { privateKey: KeyObject; publicKey: KeyObject };

const prepared: string[] = JSON.parse(readFileSync('test/kit/prepared-keys.json', 'utf8'));
let taken = 0;

/** The next of a dozen RSA key pairs (2048 bits) from a file: generating one takes longer than most tests. */
export function preparedKeyPair(): KeyPair {
  const der = Buffer.from(prepared[taken++ % prepared.length] ?? '', 'base64');
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/**
 * Cheap parts for a test's gateway: prepared keys of 2048 bits whatever the settings say, nearly free hashes, and time
 * for every login, so that a slow machine does not look like a flood.
 */
export const cheapParts: Required<CostlyParts> = {
  startKeyWorker: () => ({
    async make() {
      const { privateKey, publicKey } = preparedKeyPair();
      return {
        publicKey: publicKey.export({ type: 'pkcs1', format: 'der' }).toString('base64'),
        privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
      };
    },
    stop: async () => undefined,
  }),
  hashCost: { N: 16, r: 8, p: 1 },
  loginQueue: { slots: 16, waiting: 512, longestMs: 60_000 },
};
