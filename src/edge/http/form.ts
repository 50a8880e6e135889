import type { Context } from 'koa';
import type { Encoding } from './state.ts';
import { encodingOf, readText, unescaped } from './text.ts';

const longestShown = 64;

/** The name of a parameter in an error message. */
export const parameterNamed = (name: string): string => `Parameter ${name.slice(0, longestShown)}`;

/** The fields of a form (`application/x-www-form-urlencoded`), in order. Throws `UndecodableText` like `readText`. */
export function formFields(body: Buffer, encoding: Encoding): [name: string, value: string][] {
  return fieldsOf(body.toString('latin1'), encoding);
}

/** The same for the query string, in which each character is one byte. */
export const queryFields = (ctx: Context): [name: string, value: string][] => fieldsOf(ctx.querystring, encodingOf(ctx));

/** @see https://url.spec.whatwg.org/#urlencoded-parsing, except for bytes that are not UTF-8 */
function fieldsOf(text: string, encoding: Encoding): [name: string, value: string][] {
  return text
    .split('&')
    .filter((field) => field !== '')
    .map((field) => {
      const equals = field.indexOf('=');
      const [left, right] = equals < 0 ? [field, ''] : [field.slice(0, equals), field.slice(equals + 1)];
      const name = partOf(left, encoding, 'The name of a parameter');
      return [name, partOf(right, encoding, parameterNamed(name))];
    });
}

const partOf = (text: string, encoding: Encoding, what: string): string => readText(unescaped(text.replaceAll('+', ' ')), encoding, what);
