import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { Context } from 'koa';
import type { z } from 'zod';
import { signRsaPssSha256 } from '../../../foundation/crypto/index.ts';
import { secret } from '../../../foundation/settings/index.ts';

const leastBits = 2048;

/** The key that signs replies: a reference to an RSA private key, PEM. */
export const replySigningKey = secret.refine((key) => {
  if (key.reveal() === '') return true;
  const { asymmetricKeyType, asymmetricKeyDetails } = readKey(key.reveal()) ?? {};
  return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= leastBits;
}, `expected an RSA private key of ${leastBits} bits or more as PEM, without a passphrase`);

/**
 * Makes what puts a signature into a reply that is an envelope; it signs off the event loop.
 * @see docs/protocols/privacyidea.md 1.5
 */
export function openReplySigner(key: z.output<typeof replySigningKey>): (ctx: Context) => Promise<void> {
  const privateKey = createPrivateKey(key.reveal());
  return async (ctx) => {
    const body: unknown = ctx.body;
    if (typeof body !== 'object' || body === null || !('jsonrpc' in body)) return;
    const signature = await signRsaPssSha256(privateKey, Buffer.from(pythonJson(body)));
    ctx.body = { ...body, signature: `rsa_sha256_pss:${signature.toString('hex')}` };
  };
}

/** JSON as Python's `json.dumps(…, sort_keys=True)` writes what it read from our JSON: who verifies a reply writes it anew. */
export function pythonJson(value: unknown): string {
  if (typeof value === 'string') return pythonText(value);
  if (typeof value === 'number') return pythonNumber(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${members.map(([name, member]) => `${pythonText(name)}: ${pythonJson(member)}`).join(', ')}}`;
}

const pythonText = (text: string): string =>
  JSON.stringify(text).replace(/[\u007f-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Whole numbers as they are; of others Python writes the small ones with an exponent of two digits, where JavaScript has none or one digit. */
function pythonNumber(value: number): string {
  const text = JSON.stringify(value);
  const magnitude = Math.abs(value);
  if (/^-?\d+$/.test(text) || text === 'null') return text;
  const exact = magnitude < 1e-4 ? value.toExponential() : text;
  return exact.replace(/e([+-])(\d)$/, 'e$10$2');
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
