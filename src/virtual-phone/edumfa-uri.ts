import { z } from 'zod';
import { done, no, type Outcome } from './outcome.ts';
import { minutes, type Offer, offeredUrl, readUri } from './uri.ts';

const needed = z.string('is missing').min(1, 'is empty');
const Parameters = z.object({
  serial: needed,
  url: offeredUrl,
  v: z.literal('1', 'must be 1'),
  enrollment_credential: needed,
  ttl: minutes.default(10),
  sslverify: z.enum(['0', '1'], 'must be 0 or 1').default('1'),
  pin: z.string().default(''),
  issuer: z.string().default(''),
  image: z.string().optional(),
  imageUri: z.string().optional(),
});

/**
 * Reads a QR code like eduMFA's apps. Refuses any other scheme, a version other than 1, and a code without serial, URL
 * or credential. `imageAt` is the picture's parameter: the newer app expects another one than servers send.
 * @see docs/protocols/privacyidea.md 15.2
 */
export function readEdumfaOffer(text: string, imageAt: 'image' | 'imageUri'): Outcome<Offer> {
  const uri = readUri(text);
  if (uri.scheme !== 'edumfa-push') return no('the QR code is not an edumfa-push:// text');
  if (uri.label === undefined || uri.pairs === undefined) return no('the QR code holds a broken percent escape');
  const read = Parameters.safeParse(uri.pairs);
  if (!read.success)
    return no(`the QR code is refused: ${read.error.issues.map(({ path: [key], message }) => `${String(key)} ${message}`).join('; ')}`);
  const { serial, issuer, url, ttl, sslverify, pin, enrollment_credential: credential, [imageAt]: image } = read.data;
  return done({
    serial,
    label: uri.label,
    issuer,
    url,
    credential,
    image,
    ttlMinutes: ttl,
    sslVerify: sslverify === '1',
    pollOnly: false,
    pin: pin === 'True',
  });
}
