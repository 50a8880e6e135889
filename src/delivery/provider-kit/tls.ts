import { z } from 'zod';
import { type ClientCertificate, proxyUrl, readAuthorities, readClientCertificate, secret } from '../../foundation/settings/index.ts';
import type { WireOptions } from '../../foundation/wire/index.ts';
import type { ProviderHost } from './definition.ts';

const noFile = 'must name a file; leave it out to trust the authorities of the system';
/** LinOTP accepts an empty text and "False" here, with special meanings. @see docs/protocols/linotp.md 3.1 */
const trustedFile = z
  .string()
  .min(1, noFile)
  .refine((text) => text === '' || text.trim() !== '', noFile)
  .refine((text) => !/^\s*false\s*$/i.test(text), 'must not be a text; write false without quotes to verify nothing (development only)');

/** The field `ca` of a provider: trusted authorities in place of those of the system. */
export const trustedCa = z
  .string()
  .min(1)
  .optional()
  .meta({
    description: 'PEM file with the trusted certificate authorities. Without it: those of the system.',
    examples: ['certs/ca.pem'],
  });

/** The TLS and proxy fields of a provider: its own certificate, trusted authorities, and the proxy. */
export const tlsFields = {
  access_certificate: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'PEM or .p12 file with the client certificate and its key.', examples: ['certs/client.pem'] }),
  passphrase: secret.optional().describe('Passphrase of that key.'),
  server_certificate: z
    .union([trustedFile, z.literal(false)])
    .optional()
    .meta({
      description: 'PEM file with the trusted certificate authorities. false: no verification (development only).',
      examples: ['certs/ca.pem'],
    }),
  proxy: proxyUrl.optional().describe('HTTP proxy to the server.'),
};

/** The values of these fields. */
export type TlsSettings = z.output<z.ZodObject<typeof tlsFields>>;

/** Readers of the files in these fields, for `readAll`. */
export const tlsReaders = ({ access_certificate, passphrase, server_certificate }: TlsSettings, { path, clock }: ProviderHost) => ({
  access_certificate: () =>
    access_certificate === undefined ? undefined : readClientCertificate(path(access_certificate), clock(), passphrase),
  server_certificate: () => (typeof server_certificate === 'string' ? readAuthorities(path(server_certificate)) : undefined),
});

/** Transport options from these fields and the files that their readers read. */
export function tlsOptions(
  { server_certificate, proxy }: TlsSettings,
  read: { access_certificate: ClientCertificate | undefined; server_certificate: string | undefined },
): WireOptions {
  const { access_certificate: client, server_certificate: ca } = read;
  return {
    verifyTls: server_certificate !== false,
    ca,
    clientCertificate: client && { certificate: client.certificate, key: client.key },
    proxy,
  };
}
