import { isUtf8 } from 'node:buffer';
import type { Context } from 'koa';
import { UndecodableText } from '../../foundation/model/index.ts';
import { type Encoding, stateOf } from './state.ts';

/** The encoding of a request's mount. */
export const encodingOf = (ctx: Context): Encoding => stateOf(ctx).encoding ?? 'utf-8';

/** Notes the encoding of a mount for the readers of its requests. */
export function noteEncoding(ctx: Context, encoding: Encoding | undefined): void {
  stateOf(ctx).encoding = encoding;
}

/**
 * Decodes bytes. Different bytes give different texts, except for the two encodings of a Latin-1 letter. Throws
 * `UndecodableText` when the encoding is UTF-8 and the bytes are not; `what` names them for the caller.
 */
export function readText(bytes: Buffer, encoding: Encoding, what: string, hint?: string): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  if (encoding === 'latin-1') return bytes.toString('latin1');
  throw new UndecodableText(what, hint);
}

/** The bytes of a text with percent escapes; each character is one byte. Broken escapes stay unchanged. */
export const unescaped = (text: string): Buffer =>
  Buffer.from(
    text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
