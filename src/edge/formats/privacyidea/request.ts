import type { Context } from 'koa';
import { parseJson } from '../../../foundation/model/index.ts';
import { type Encoding, encodingOf, formFields, maxBodyBytes, noteParams, queryFields, readBody, readText } from '../../http/index.ts';
import { noteNonce, type PiProduct } from './envelope.ts';
import { PiFault } from './errors.ts';
import { multipartFields } from './multipart.ts';
import { type PiParams, piParams } from './params.ts';
import { decodeAgain, decodesTwice } from './second-decoding.ts';

type Values = Map<string, unknown>;

/**
 * Reads the parameters of a request: from the query, a form, multipart or JSON body, and the path; later sources
 * override earlier ones. Throws 905 for a broken or too large body (413), and for an undecodable value.
 * @see docs/protocols/privacyidea.md 2
 */
export async function readPiRequest(ctx: Context, product: PiProduct): Promise<PiParams> {
  const body = await bodyOf(ctx);
  const encoding = encodingOf(ctx);
  const twice = await isDecodedTwice(ctx, product);
  const values: Values = new Map();
  const addTexts = (texts: readonly [string, string][]): void => {
    const seen = new Set<string>();
    // Within one source, the first value of a name counts.
    for (const [name, text] of texts)
      if (!seen.has(name) && seen.add(name)) values.set(name, twice ? decodeAgain(text, encoding, name) : text);
  };
  addTexts(queryFields(ctx));
  if (ctx.is('multipart')) addTexts(await multipartFields(ctx, body));
  else if (ctx.is('urlencoded')) addTexts(formFields(body, encoding));
  for (const [name, value] of jsonOf(body, encoding, Boolean(ctx.is('json', '+json')))) values.set(name, value);
  addTexts(Object.entries<string>(ctx.params ?? {}));
  const nonce = values.get('nonce');
  if (typeof nonce === 'string') noteNonce(ctx, nonce);
  noteParams(ctx, values);
  return piParams(values);
}

async function isDecodedTwice(ctx: Context, { flavour, secondDecoding }: PiProduct): Promise<boolean> {
  const rule = (await secondDecoding?.(ctx)) ?? 'by-user-agent';
  return rule === 'by-user-agent' ? decodesTwice(ctx.get('user-agent'), flavour) : rule === 'always';
}

/** The raw body of a request. Throws 905 when it is too large or incomplete. */
export async function bodyOf(ctx: Context): Promise<Buffer> {
  const body = await readBody(ctx);
  if (body.ok) return body.value;
  throw new PiFault(
    'parameter',
    body.error === 'too-large' ? `The body has more than ${maxBodyBytes} bytes.` : 'The body did not arrive as announced.',
  );
}

/** The members of a JSON body. Only a body with a JSON content type must be JSON. */
function jsonOf(body: Buffer, encoding: Encoding, isJson: boolean): [string, unknown][] {
  if (!isJson && !/^[\s\xef\xbb\xbf]*\{/.test(body.toString('latin1'))) return [];
  const text = readText(body, encoding, 'The body').trim();
  if (text === '') return [];
  const value = parseJson(text);
  if (value === undefined && isJson) throw new PiFault('parameter', 'The body is not JSON.');
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value);
  if (isJson) throw new PiFault('parameter', 'The JSON of the body is not an object.');
  return [];
}
