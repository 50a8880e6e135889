import type { KeyObject } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { done, no, type Outcome } from './outcome.ts';
import { signatureFits } from './signature.ts';

type Signable = string | boolean | null | Signable[] | { [key: string]: Signable };
// Numbers have no canonical form that all sides agree on: the app considers a pair with a number malformed.
const Signable: z.ZodType<Signable> = z.lazy(() => z.union([wellFormed, z.boolean(), z.null(), z.array(Signable), SignableObject]));
const wellFormed = z.string().refine((text) => text.isWellFormed());
const SignableObject = z.record(wellFormed, Signable);
/** The content of the server's signed capabilities. */
export type Capabilities = z.output<typeof SignableObject>;

/** The two unsigned fields of a message, as received. */
export type CapabilityPair = { capabilities: unknown; signature: unknown };

/**
 * Reads the capabilities of a message. A malformed pair (no JSON object, no signature, numbers inside) counts as
 * absent: `{}`. A pair with a wrong signature refuses the whole message.
 * @see docs/protocols/privacyidea.md 4.1, 15.1
 */
export function readCapabilities({ capabilities, signature }: CapabilityPair, nonce: string, serverKey: KeyObject): Outcome<Capabilities> {
  const read = SignableObject.safeParse(typeof capabilities === 'string' ? parsed(capabilities) : capabilities);
  if (!read.success || typeof signature !== 'string') return done({});
  const text = canonicalize({ capabilities: read.data, nonce }) ?? '';
  return signatureFits(serverKey, text, signature) ? done(read.data) : no('the signature of its capabilities is wrong');
}

/**
 * Whether the server accepts this decline reason: `decline_reason` is truthy, or an object whose `values` include the
 * reason.
 */
export function takesReason({ decline_reason: taken }: Capabilities, reason: string): boolean {
  if (typeof taken !== 'object' || taken === null) return Boolean(taken);
  return !Array.isArray(taken) && Array.isArray(taken.values) && taken.values.includes(reason);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
