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

/** How a listener speaks TLS; paths count from the folder of the config file. */
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
    message: 'clientCa and clientCertificate stand together: who is trusted, and whether a certificate is asked for',
  });

/** The TLS part of one listener. */
export type ListenerTls = z.output<typeof listenerTlsConfig>;

/** What a server needs to speak TLS, and when its certificates end. */
export type ListenerSecrets = {
  options: Pick<ServerOptions, 'cert' | 'key' | 'ca' | 'requestCert' | 'rejectUnauthorized' | 'minVersion'>;
  expiries: Expiry[];
};

/**
 * Reads the files of a listener's TLS. A certificate that has ended does not keep a gateway from starting: clients that look at the date refuse it, but
 * a gateway that is down serves nobody, on no listener. The certificate that belongs to the key goes first. Throws `SettingProblems` with the field of each file that is missing or does not fit.
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

/** The certificate of a listener that ends, or has ended, first; one of its chain that has ended does not count. */
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
