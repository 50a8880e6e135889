import type { Context } from 'koa';
import type { z } from 'zod';
import { signRsaPssSha256 } from '../../../foundation/crypto/index.ts';
import { GatewayFault } from '../../../foundation/model/index.ts';
import { readPrivateKey, secret } from '../../../foundation/settings/index.ts';

const leastBits = 2048;

/** The key that signs replies: a reference to an RSA private key in PEM. */
export const replySigningKey = secret.superRefine((key, context) => {
  // A missing secret has been reported already.
  if (key.reveal() === '') return;
  const read = readPrivateKey(key.reveal());
  const { asymmetricKeyType, asymmetricKeyDetails } = read.ok ? read.value : {};
  if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= leastBits) return;
  const expected = `expected an RSA private key of ${leastBits} bits or more as PEM, without a passphrase`;
  context.addIssue({ code: 'custom', message: read.ok ? expected : `${expected}; ${read.error}` });
});

/**
 * Returns a function that adds a signature to a reply with an envelope. It signs off the event loop.
 * @see docs/protocols/privacyidea.md 1.5
 */
export function openReplySigner(key: z.output<typeof replySigningKey>): (ctx: Context) => Promise<void> {
  const read = readPrivateKey(key.reveal());
  if (!read.ok) throw new GatewayFault('config-invalid', `The key that signs replies cannot be used: ${read.error}.`);
  const privateKey = read.value;
  return async (ctx) => {
    const body: unknown = ctx.body;
    if (typeof body !== 'object' || body === null || !('jsonrpc' in body)) return;
    const signature = await signRsaPssSha256(privateKey, Buffer.from(pythonJson(body)));
    ctx.body = { ...body, signature: `rsa_sha256_pss:${signature.toString('hex')}` };
  };
}

/** JSON as Python's `json.dumps(…, sort_keys=True)` serialises the parsed reply, because clients verify that form. */
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

/**
 * Integers are the same; small fractions get an exponent of two digits in Python, but one digit or none in JavaScript.
 */
function pythonNumber(value: number): string {
  const text = JSON.stringify(value);
  const magnitude = Math.abs(value);
  if (/^-?\d+$/.test(text) || text === 'null') return text;
  const exact = magnitude < 1e-4 ? value.toExponential() : text;
  return exact.replace(/e([+-])(\d)$/, 'e$10$2');
}
