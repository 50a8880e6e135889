import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { GatewayFault, systemCode } from '../../foundation/model/index.ts';
import type { Expiry } from './definition.ts';

const block = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Reads a file that the configuration names. Throws `config-invalid` with the path and what to do. */
export function readConfigFile(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new GatewayFault(
      'config-invalid',
      `Cannot read the ${what} ${path} (${systemCode(error)}). Put it there, readable for this user.`,
      error,
    );
  }
}

/** The certificates of a PEM text, with the end of each one's life. Throws `config-invalid` when there is none, or one cannot be read. */
export function certificatesOf(pem: string, path: string): { pem: string; expiry: Expiry }[] {
  const found = pem.match(block) ?? [];
  if (found.length === 0)
    throw new GatewayFault('config-invalid', `There is no certificate in ${path}. Expected PEM, -----BEGIN CERTIFICATE-----.`);
  return found.map((text) => {
    try {
      const { subject, validTo } = new X509Certificate(text);
      return { pem: text, expiry: { kind: 'certificate', what: subject.replaceAll('\n', ', '), at: Date.parse(validTo) } };
    } catch (error) {
      throw new GatewayFault('config-invalid', `A certificate in ${path} cannot be read. Export it again as PEM.`, error);
    }
  });
}

/** A client certificate and its key out of one PEM file. Throws `config-invalid` when one of them is missing or it has ended. */
export function readClientCertificate(path: string, now: number): { certificate: string; key: string; expiries: Expiry[] } {
  const pem = readConfigFile(path, 'client certificate');
  const certificates = certificatesOf(pem, path);
  const key = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]+?-----END \1PRIVATE KEY-----/.exec(pem)?.[0];
  if (key === undefined)
    throw new GatewayFault('config-invalid', `There is no private key in ${path}. Put certificate and key into this one file.`);
  const ended = certificates.find(({ expiry }) => expiry.at <= now);
  if (ended)
    throw new GatewayFault(
      'config-invalid',
      `The certificate in ${path} ended on ${new Date(ended.expiry.at).toISOString()}. Put a new one there.`,
    );
  return { certificate: certificates.map((each) => each.pem).join('\n'), key, expiries: certificates.map(({ expiry }) => expiry) };
}
