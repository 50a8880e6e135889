import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { ServerOptions } from 'node:https';
import { z } from 'zod';
import { GatewayFault } from '../../foundation/model/index.ts';
import {
  type Certificate,
  certificatesOf,
  deciding,
  type Expiry,
  leafFirst,
  readAll,
  readAuthorities,
  readPem,
} from '../../foundation/settings/index.ts';

/** The TLS settings of a listener; paths are relative to the configuration file's folder. */
export const listenerTlsConfig = z
  .strictObject({
    certificate: z
      .string()
      .min(1)
      .meta({ description: 'PEM file with the certificate of the listener and its chain.', examples: ['certs/server.pem'] }),
    key: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: 'PEM file with the private key. Without it: the key is in the file of the certificate.',
        examples: ['certs/server.key'],
      }),
    clientCa: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: 'PEM file with the certificate authorities that client certificates must come from.',
        examples: ['certs/clients-ca.pem'],
      }),
    clientCertificate: z
      .enum(['request', 'require'])
      .optional()
      .describe('request: a client may show a certificate. require: a client must show a trusted one.'),
  })
  .refine(({ clientCa, clientCertificate }) => (clientCa === undefined) === (clientCertificate === undefined), {
    path: ['clientCa'],
    message: 'set clientCa and clientCertificate together: the trusted authorities, and whether a certificate is required',
  });

/** The parsed TLS settings of one listener. */
export type ListenerTls = z.output<typeof listenerTlsConfig>;

/** TLS options for a server, and the ends of its certificates. */
export type ListenerSecrets = {
  options: Pick<ServerOptions, 'cert' | 'key' | 'ca' | 'requestCert' | 'rejectUnauthorized' | 'minVersion'>;
  expiries: Expiry[];
};

/**
 * Reads the TLS files of a listener. An expired certificate does not prevent the start: clients that check dates refuse
 * it, but all other listeners keep working. The key's certificate comes first. Throws `SettingProblems` with the field
 * of each file that is missing or does not match.
 */
export function readListenerTls(
  { certificate, key, clientCa, clientCertificate }: ListenerTls,
  path: (file: string) => string,
): ListenerSecrets {
  const files = readAll({
    certificate: () => certificatesOf(readPem(path(certificate), 'certificate'), path(certificate)),
    key: () => privateKey(readPem(path(key ?? certificate), 'private key'), path(key ?? certificate)),
    clientCa: () => (clientCa === undefined ? undefined : readAuthorities(path(clientCa))),
  });
  const inOrder = (): Certificate[] => leafFirst(files.certificate, files.key.key, path(certificate));
  const ordered = key === undefined ? readAll({ certificate: inOrder }).certificate : readAll({ key: inOrder }).key;
  return {
    options: {
      cert: ordered.map(({ pem }) => pem).join('\n'),
      key: files.key.pem,
      minVersion: 'TLSv1.2',
      requestCert: clientCertificate !== undefined,
      rejectUnauthorized: clientCertificate === 'require',
      ca: files.clientCa,
    },
    expiries: ordered.map(({ expiry }) => expiry),
  };
}

/** The certificate of a listener that ends first; expired intermediate certificates do not count. */
export const firstToEnd = ({ expiries }: ListenerSecrets, now: number): Expiry | undefined =>
  deciding(expiries, now).reduce<Expiry | undefined>((first, expiry) => (first && first.at <= expiry.at ? first : expiry), undefined);

const keyBlock = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]+?-----END \1PRIVATE KEY-----/;

function privateKey(text: string, path: string): { pem: string; key: KeyObject } {
  const pem = keyBlock.exec(text)?.[0];
  if (pem === undefined)
    throw new GatewayFault('config-invalid', `There is no private key in ${path}. Expected PEM, -----BEGIN PRIVATE KEY-----.`);
  try {
    return { pem, key: createPrivateKey(pem) };
  } catch {
    throw new GatewayFault('config-invalid', `The private key in ${path} cannot be read. Export it as PEM, without a passphrase.`);
  }
}
