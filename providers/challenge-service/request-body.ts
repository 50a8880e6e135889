import { createHash } from 'node:crypto';
import type { Push } from '../../src/delivery/provider-kit/index.ts';

/**
 * The body in the format of LinOTP's own provider: ASCII, with a space after colon and comma.
 * @see docs/protocols/linotp.md 3.2
 */
export function requestBody({ handle, address, payload }: Push): string {
  const fields = [
    ['transactionId', linotpId(handle)],
    ['gda', address?.value ?? ''],
    ['challenge', payload],
  ].map(([name, value]) => `${ascii(name ?? '')}: ${ascii(value ?? '')}`);
  return `{"challenge": {${fields.join(', ')}}}`;
}

const linotpForm = /^\d{12,17}(?:\.\d{2})?$/;

/**
 * The handle if it has the form of LinOTP's transaction ids, as a challenge service may require; else 17 digits derived
 * from it.
 */
function linotpId(handle: string): string {
  if (linotpForm.test(handle)) return handle;
  const number = createHash('sha256').update(handle).digest().readBigUInt64BE();
  return String(10n ** 16n + (number % (9n * 10n ** 16n)));
}

const ascii = (text: string): string =>
  JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
