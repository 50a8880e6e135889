import { z } from 'zod';
import { done, no, type Outcome } from './outcome.ts';
import { normalUrl } from './web-address.ts';

/** The content of a QR code: how to roll out one push token. `url` is in normal form. */
export const Offer = z.strictObject({
  serial: z.string().min(1),
  label: z.string(),
  issuer: z.string(),
  url: z.string(),
  ttlMinutes: z.int().positive(),
  sslVerify: z.boolean(),
  pollOnly: z.boolean(),
  pin: z.boolean(),
  credential: z.string().optional(),
  image: z.string().optional(),
  forceUnlock: z.enum(['any', 'biometric', 'pin']).optional(),
});
/** A parsed offer. */
export type Offer = z.output<typeof Offer>;

const oneOf = <const T extends string>(words: readonly T[]) =>
  z
    .string()
    .toLowerCase()
    .pipe(z.enum(words, `must be ${words.join(' or ')}`));
const bool = oneOf(['true', 'false']).transform((word) => word === 'true');
/** The URL of the rollout; https by default. */
export const offeredUrl = z.string('is missing').transform((text, context) => {
  const url = normalUrl(hasScheme(text) ? text : `https://${text}`);
  if (url.ok) return url.value;
  context.addIssue(url.reason);
  return z.NEVER;
});
/** A whole number of minutes. */
export const minutes = z
  .string()
  .regex(/^0*[1-9]\d{0,8}$/, 'must be a whole number of minutes above 0')
  .transform(Number);
const Parameters = z.object({
  serial: z.string('is missing').min(1, 'is empty'),
  url: offeredUrl,
  v: z.literal('1', 'must be 1'),
  ttl: minutes.default(3),
  sslverify: oneOf(['1', '0', 'true', 'false'])
    .transform((word) => word === '1' || word === 'true')
    .default(true),
  poll_only: bool.default(false),
  pin: bool.default(false),
  issuer: z.string().default(''),
  enrollment_credential: z.string().optional(),
  image: z.string().optional(),
  app_force_unlock: z.enum(['any', 'biometric', 'pin'], 'must be any, biometric or pin').optional(),
});

/**
 * Reads a QR code like the privacyIDEA Authenticator. Refuses other schemes and hosts, a version other than 1, a
 * missing serial or URL, a broken escape and values of the wrong type, and names every wrong field.
 * @see docs/protocols/privacyidea.md 3.2, 15.1
 */
export function readOffer(text: string): Outcome<Offer> {
  const { scheme, host, label: name, pairs } = readUri(text);
  if (!['otpauth', 'pia'].includes(scheme)) return no('the QR code is not an otpauth:// or pia:// text');
  if (host.toLowerCase() !== 'pipush') return no(`the QR code is for "${host}", not for pipush`);
  if (name === undefined || pairs === undefined) return no('the QR code holds a broken percent escape');
  const read = Parameters.safeParse(pairs);
  if (!read.success)
    return no(`the QR code is refused: ${read.error.issues.map(({ path: [key], message }) => `${String(key)} ${message}`).join('; ')}`);
  return done(offerOf(name, read.data));
}

/** The parts of a QR code's text; label and parameters are undefined when an escape is broken. */
export function readUri(text: string) {
  const [, scheme = '', host = '', path = '', query = ''] = /^([a-z][a-z\d+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?/i.exec(text) ?? [];
  return { scheme: scheme.toLowerCase(), host, label: decoded(path.slice(1)), pairs: readQuery(query) };
}

function offerOf(name: string, read: z.output<typeof Parameters>): Offer {
  const colon = name.indexOf(':');
  return {
    serial: read.serial,
    label: colon < 0 ? name : name.slice(colon + 1),
    issuer: colon < 0 ? read.issuer : name.slice(0, colon),
    url: read.url,
    ttlMinutes: read.ttl,
    sslVerify: read.sslverify,
    pollOnly: read.poll_only,
    pin: read.pin,
    credential: read.enrollment_credential,
    image: read.image,
    forceUnlock: read.app_force_unlock,
  };
}

function readQuery(query: string): Record<string, string> | undefined {
  const pairs: [string, string][] = [];
  for (const piece of query.split('&').filter(Boolean)) {
    const [key = '', ...rest] = piece.replaceAll('+', ' ').split('=');
    const [name, value] = [decoded(key), decoded(rest.join('='))];
    if (name === undefined || value === undefined) return undefined;
    pairs.push([name, value]);
  }
  return Object.fromEntries(pairs);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const hasScheme = (text: string): boolean => /^[a-z][a-z\d+.-]*:/i.test(text);
