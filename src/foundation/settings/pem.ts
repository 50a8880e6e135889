import { createPrivateKey, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Pkcs12Problem, readPkcs12 } from '../crypto/index.ts';
import { GatewayFault, systemCode } from '../model/index.ts';
import { certificatesOf, type Expiry, leafFirst } from './certificates.ts';
import type { Secret } from './secret.ts';
import { pemText } from './secret-forms.ts';
import { textOf } from './text-file.ts';

/** Reads a file named in the configuration. Throws `config-invalid` with the path and a remedy. */
export const readConfigFile = (path: string, what: string): string => requireText(readBytes(path, what), path);

/**
 * Reads a PEM file and undoes damage of its transport: lost line breaks, quotes or base64 around it. Throws like
 * `readConfigFile`.
 */
export const readPem = (path: string, what: string): string => pemText(readConfigFile(path, what));

function requireText(bytes: Buffer, path: string): string {
  const text = textOf(bytes);
  if (!text.ok) throw new GatewayFault('config-invalid', `${path} ${text.error}.`);
  return text.value;
}

function readBytes(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new GatewayFault(
      'config-invalid',
      `Cannot read the ${what} ${path} (${systemCode(error)}). Put it there, readable for this user.`,
      error,
    );
  }
}

/** All certificates of a PEM file of trusted CAs. Throws `config-invalid` when it cannot be used. */
export function readAuthorities(path: string): string {
  if (existsSync(path) && statSync(path).isDirectory())
    throw new GatewayFault('config-invalid', `${path} is a folder. ${insteadOfFolder(path)}`);
  return certificatesOf(readPem(path, 'CA file'), path)
    .map(({ pem }) => pem)
    .join('\n');
}

/** The file names under which Debian, Red Hat and Alpine keep all CAs of such a folder. */
const bundles = ['ca-certificates.crt', 'ca-bundle.crt', 'tls-ca-bundle.pem'];

function insteadOfFolder(path: string): string {
  const bundle = bundles.map((name) => join(path, name)).find((file) => existsSync(file));
  if (bundle !== undefined) return `Write ${bundle}, which holds all CAs of that folder.`;
  return `Name one PEM file with the trusted CAs: "cat ${join(path, '*.pem')} > ${path}-all.pem" makes it.`;
}

/** A client certificate with its chain after it, and its key, as PEM. */
export type ClientCertificate = { certificate: string; key: string; expiries: Expiry[] };

/**
 * Reads a client certificate and its key from one file, PEM or PKCS#12 (`.p12`, `.pfx`). Only the certificate of the
 * key must be valid, in any position; intermediate certificates may have expired. Throws `config-invalid` when the
 * certificate or key is missing, they do not match, the passphrase is wrong, or the certificate has ended.
 */
export function readClientCertificate(path: string, now: number, passphrase?: Secret): ClientCertificate {
  const bytes = readBytes(path, 'client certificate');
  const { pem, key } = isPkcs12(path, bytes)
    ? fromPkcs12(bytes, path, passphrase)
    : fromPem(pemText(requireText(bytes, path)), path, passphrase);
  const certificates = leafFirst(certificatesOf(pem, path), keyObject(key, path), path);
  const expiries = certificates.map(({ expiry }) => expiry);
  const [{ at } = { at: now }] = expiries;
  if (at <= now)
    throw new GatewayFault('config-invalid', `The certificate in ${path} ended on ${new Date(at).toISOString()}. Put a new one there.`);
  return { certificate: certificates.map((each) => each.pem).join('\n'), key, expiries };
}

function keyObject(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new GatewayFault('config-invalid', `The private key in ${path} cannot be read. Export it again as PEM.`);
  }
}

/** DER begins with a SEQUENCE; PEM is text. */
const isPkcs12 = (path: string, bytes: Buffer): boolean => /\.(p12|pfx)$/i.test(path) || bytes[0] === 0x30;

type PemPair = { pem: string; key: string };

function fromPkcs12(bytes: Buffer, path: string, passphrase: Secret | undefined): PemPair {
  const read = readPkcs12(bytes, passphrase?.reveal());
  if (!read.ok) throw new GatewayFault('config-invalid', `${path} ${pkcs12Problems[read.error]}`);
  return { pem: read.value.certificates.join('\n'), key: read.value.key };
}

const pkcs12Problems: Readonly<Record<Pkcs12Problem, string>> = {
  'wrong-password': 'does not open with this passphrase. Set the passphrase that it was exported with.',
  broken: 'is not a readable PKCS#12 file. Export certificate and key again.',
  'no-key': 'holds no private key. Export the certificate together with its key.',
  'no-certificate': 'holds no certificate that fits its key. Export both together.',
};

function fromPem(pem: string, path: string, passphrase: Secret | undefined): PemPair {
  certificatesOf(pem, path);
  const key = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]+?-----END \1PRIVATE KEY-----/.exec(pem)?.[0];
  if (key === undefined)
    throw new GatewayFault('config-invalid', `There is no private key in ${path}. Put certificate and key into this one file.`);
  if (passphrase === undefined && /ENCRYPTED/.test(key))
    throw new GatewayFault(
      'config-invalid',
      `The private key in ${path} has a passphrase. Set that as well, or export the key without one.`,
    );
  return { pem, key: passphrase === undefined ? key : opened(key, path, passphrase) };
}

function opened(key: string, path: string, passphrase: Secret): string {
  try {
    return createPrivateKey({ key, passphrase: passphrase.reveal() }).export({ type: 'pkcs8', format: 'pem' }).toString();
  } catch {
    throw new GatewayFault('config-invalid', `The private key in ${path} does not open with this passphrase. Set its own passphrase.`);
  }
}
