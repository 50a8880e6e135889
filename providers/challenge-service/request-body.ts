import type { Push } from '../../src/delivery/provider-kit/index.ts';

/**
 * The body as LinOTP's own provider writes it: ASCII, with a space after colon and comma.
 * @see docs/protocols/linotp.md 3.2
 */
export function requestBody({ handle, address, payload }: Push): string {
  const fields = [
    ['transactionId', handle],
    ['gda', address?.value ?? ''],
    ['challenge', payload],
  ].map(([name, value]) => `${ascii(name ?? '')}: ${ascii(value ?? '')}`);
  return `{"challenge": {${fields.join(', ')}}}`;
}

const ascii = (text: string): string =>
  JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
