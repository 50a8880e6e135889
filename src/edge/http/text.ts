import { isUtf8 } from 'node:buffer';
import type { Context } from 'koa';
import { UndecodableText } from '../../foundation/model/index.ts';
import { type Encoding, stateOf } from './state.ts';

/** The encoding that the mount of a request has. */
export const encodingOf = (ctx: Context): Encoding => stateOf(ctx).encoding ?? 'utf-8';

/** Notes the encoding of a mount for those who read its requests. */
export function noteEncoding(ctx: Context, encoding: Encoding | undefined): void {
  stateOf(ctx).encoding = encoding;
}

/**
 * Reads bytes. Different bytes give different texts, but for the two ways to write a letter of Latin-1. Throws `UndecodableText` where the encoding is
 * UTF-8 and the bytes are not; `what` names them for the caller.
 */
export function readText(bytes: Buffer, encoding: Encoding, what: string, hint?: string): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  if (encoding === 'latin-1') return bytes.toString('latin1');
  throw new UndecodableText(what, hint);
}

/** The bytes of a text with percent escapes; each of its characters is one byte. Broken escapes stay as they are. */
export const unescaped = (text: string): Buffer =>
  Buffer.from(
    text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
