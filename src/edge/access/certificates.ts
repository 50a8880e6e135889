import { z } from 'zod';

/**
 * The content of a verified client certificate: subject in parts, such as `CN=linotp`; alternative names, such as
 * `DNS:linotp.example`; and the SHA-256 of the certificate in lower-case hex.
 */
export type CertificateFacts = { subject: readonly string[]; names: readonly string[]; fingerprintSha256: string };

/**
 * A client certificate after verification. `untrusted`: not issued by a trusted authority, or not valid now; the text
 * is OpenSSL's code.
 */
export type ShownCertificate = CertificateFacts | { untrusted: string };

const fields = {
  subject: z
    .string()
    .min(3)
    .optional()
    .meta({ description: 'The whole subject of the certificate.', examples: ['CN=linotp,O=ACME'] }),
  san: z
    .string()
    .min(1)
    .optional()
    .meta({
      description: 'One alternative name of the certificate: linotp.example, DNS:linotp.example, IP Address:10.0.0.5 or URI:….',
      examples: ['linotp.example'],
    }),
  fingerprintSha256: z
    .string()
    .transform((text) => text.replaceAll(':', '').toLowerCase())
    .refine((hex) => /^[0-9a-f]{64}$/.test(hex), 'expected 64 hex digits, with or without colons')
    .optional()
    .meta({
      description: 'SHA-256 fingerprint of the certificate in hex, with or without colons.',
      examples: ['0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'],
    }),
};

/** How an auth server is recognised by its client certificate: exactly one of these fields. */
export const certificateConfig = z
  .strictObject(fields)
  .refine(
    (entry) => Object.values(entry).filter((value) => value !== undefined).length === 1,
    'expected one of subject, san, fingerprintSha256',
  );

/** One rule for a certificate. */
export type CertificateRule = z.output<typeof certificateConfig>;

/**
 * Whether a certificate matches a rule; an untrusted one never does. A subject matches as a whole, in the order of the
 * certificate or reversed, as in RFC 4514.
 */
export function isCertificate({ subject, san, fingerprintSha256 }: CertificateRule, facts: ShownCertificate): boolean {
  if ('untrusted' in facts) return false;
  if (fingerprintSha256 !== undefined) return fingerprintSha256 === facts.fingerprintSha256;
  if (san !== undefined) return facts.names.some((name) => isName(name, san));
  if (subject === undefined) return false;
  const wanted = subject.split(/\s*,\s*(?=[A-Za-z0-9.]+=)/).map((part) => part.trim());
  const isSame = (parts: readonly string[]): boolean => parts.length === wanted.length && parts.every((part, at) => part === wanted[at]);
  return isSame(facts.subject) || isSame(facts.subject.toReversed());
}

/** A name without a type matches a DNS name or an IP address. */
function isName(name: string, wanted: string): boolean {
  const same = (one: string): boolean => (name.startsWith('DNS:') ? name.toLowerCase() === one.toLowerCase() : name === one);
  return [wanted, `DNS:${wanted}`, `IP Address:${wanted}`].some(same);
}
