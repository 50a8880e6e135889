import { isUtf8 } from 'node:buffer';
import type { Context } from 'koa';
import { UndecodableText } from '../../foundation/model/index.ts';

/** How the bytes of a text are read that are not UTF-8: they are refused, or the whole text is Latin-1. */
export type Encoding = 'utf-8' | 'latin-1';

/** The encoding that the mount of a request has. */
export const encodingOf = (ctx: Context): Encoding => ctx.state.encoding ?? 'utf-8';

/** Notes the encoding of a mount for those who read its requests. */
export function noteEncoding(ctx: Context, encoding: Encoding | undefined): void {
  ctx.state.encoding = encoding;
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
