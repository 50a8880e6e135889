import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** A private key in its service's format (PKCS#8 PEM), and the public key with which the fake verifies. */
export type KeyPair = { pem: string; publicKey: KeyObject };

/** The key of a service account: RSA 2048, or the given PEM. */
export async function serviceAccountKey(pem: string | undefined): Promise<KeyPair> {
  if (pem !== undefined) return pairOf(createPrivateKey(pem));
  return pairOf((await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })).privateKey);
}

/** The `.p8` key of a team: P-256, or the given PEM. */
export async function apnsSigningKey(pem: string | undefined): Promise<KeyPair> {
  if (pem !== undefined) return pairOf(createPrivateKey(pem));
  return pairOf((await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })).privateKey);
}

const pairOf = (key: KeyObject): KeyPair => ({
  pem: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  publicKey: createPublicKey(key),
});

/** The id of a service account's key: as long as Google's, derived from the key. */
export const keyIdOf = (key: KeyObject): string =>
  createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');

/** A service account's key file in Google's format. */
export function serviceAccountFile({ project, email, keyId, pem, tokenUri }: ServiceAccountFacts): string {
  const content = {
    type: 'service_account',
    project_id: project,
    private_key_id: keyId,
    private_key: pem,
    client_email: email,
    client_id: '100000000000000000000',
    auth_uri: 'https://accounts.google.com/o/oauth2/auth',
    token_uri: tokenUri,
    auth_provider_x509_cert_url: 'https://www.googleapis.com/oauth2/v1/certs',
    client_x509_cert_url: `https://www.googleapis.com/robot/v1/metadata/x509/${encodeURIComponent(email)}`,
    universe_domain: 'googleapis.com',
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

type ServiceAccountFacts = { project: string; email: string; keyId: string; pem: string; tokenUri: string };
