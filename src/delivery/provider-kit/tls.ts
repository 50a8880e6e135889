import { z } from 'zod';
import { type ClientCertificate, proxyUrl, readAuthorities, readClientCertificate, secret } from '../../foundation/settings/index.ts';
import type { WireOptions } from '../../foundation/wire/index.ts';
import type { ProviderHost } from './definition.ts';

const noFile = 'names no file; leave it out to trust the authorities of the system';
/** LinOTP takes both of these texts, and reads more into them than a path. @see docs/protocols/linotp.md 3.1 */
const trustedFile = z
  .string()
  .min(1, noFile)
  .refine((text) => text === '' || text.trim() !== '', noFile)
  .refine(
    (text) => !/^\s*false\s*$/i.test(text),
    'is a text; write false without quotes where nothing shall be verified (development only)',
  );

/** The fields by which a provider says who it is, whom it trusts and which way it goes. */
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

/** What these fields hold. */
export type TlsSettings = z.output<z.ZodObject<typeof tlsFields>>;

/** Readers of the files that these fields name, for `readAll`. */
export const tlsReaders = ({ access_certificate, passphrase, server_certificate }: TlsSettings, { path, clock }: ProviderHost) => ({
  access_certificate: () =>
    access_certificate === undefined ? undefined : readClientCertificate(path(access_certificate), clock(), passphrase),
  server_certificate: () => (typeof server_certificate === 'string' ? readAuthorities(path(server_certificate)) : undefined),
});

/** What the transport needs to know of these fields, with what their readers read. */
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
