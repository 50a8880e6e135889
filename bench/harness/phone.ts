import { generateKeyPairSync, sign } from 'node:crypto';
import { base32 } from '../../test/kit/pi-phone.ts';
import { formBytes, requestBytes } from './connections.ts';
import type { User } from './gateway.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 4096 });

/** The public key of all phones of a run, as a rollout sends it. */
export const phonePublicKey = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

/** A phone's poll. @see docs/protocols/privacyidea.md */
export async function pollBytes({ serial }: User): Promise<Buffer> {
  const timestamp = new Date().toISOString();
  return requestBytes(
    'GET',
    `/ttype/push?${new URLSearchParams({ serial, timestamp, signature: await signed(`${serial}|${timestamp}`) })}`,
  );
}

/** A phone's accept for the challenge with this nonce. */
export const answerBytes = async ({ serial }: User, nonce: string): Promise<Buffer> =>
  formBytes('/ttype/push', { serial, nonce, signature: await signed(`${nonce}|${serial}`) });

function signed(text: string): Promise<string> {
  return new Promise((resolve, reject) =>
    sign('sha256', Buffer.from(text), privateKey, (error, made) => (error ? reject(error) : resolve(base32(made)))),
  );
}
