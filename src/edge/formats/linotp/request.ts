import type { Context } from 'koa';
import { demandName, parseJson } from '../../../foundation/model/index.ts';
import { encodingOf, formFields, maxBodyBytes, noteParams, queryFields, readBody, readText } from '../../http/index.ts';
import { errorsAsHttp } from './envelope.ts';
import { LinotpFault } from './errors.ts';

/** The parameters of a request, from all sources. */
export type LinotpParams = {
  /**
   * The text of a parameter (names are trimmed); undefined when absent. Throws 905 for a list, an object, a text with
   * NUL or a lone surrogate, and a name that is too long.
   */
  text(name: string): string | undefined;
  /** The same; throws `missing key …` when it is absent. */
  required(name: string): string;
  /** The values of a parameter whose name ends in `[]`, or of a JSON list; empty when absent. */
  list(name: string): readonly string[];
  /** The names of all sent parameters. */
  names(): readonly string[];
};

type Values = Map<string, unknown>;

/**
 * Reads the parameters of a request: the JSON object of a JSON body, or else query and form together, where the query
 * takes precedence. Throws 905 for an unreadable body or value. Applies `httperror`.
 * @see docs/protocols/linotp.md 1
 */
export async function readLinotpRequest(ctx: Context): Promise<LinotpParams> {
  const body = await bodyOf(ctx);
  const values = ctx.is('json', '+json') ? fromJson(readText(body, encodingOf(ctx), 'The body')) : fromForms(ctx, body);
  noteParams(ctx, values);
  const params = linotpParams(values);
  errorsAsHttp(ctx, params.text('httperror'));
  return params;
}

/** Parameters that contain names. */
const nameParams = ['user', 'username', 'realm', 'serial', 'transactionid', 'state'];

/** Reads values by name. */
export function linotpParams(values: ReadonlyMap<string, unknown>): LinotpParams {
  const textOf = (name: string, value: unknown): string => {
    if (typeof value === 'object') throw new LinotpFault('parameter', `parameter ${name} must be a text`);
    const found = String(value);
    if (found.includes('\0')) throw new LinotpFault('parameter', `parameter ${name} must not contain NUL`);
    // Lone surrogates have no UTF-8 encoding: all would have the same hash.
    if (!found.isWellFormed()) throw new LinotpFault('parameter', `parameter ${name} must not contain half a character`);
    return nameParams.includes(name) ? demandName(`parameter ${name}`, found) : found;
  };
  const text = (name: string): string | undefined => {
    const value = values.get(name);
    return value === undefined || value === null ? undefined : textOf(name, value);
  };
  return {
    text,
    required(name) {
      const found = text(name);
      if (found === undefined) throw new LinotpFault('parameter', `missing key KeyError('${name}')`);
      return found;
    },
    list(name) {
      const value = values.get(name);
      if (value === undefined || value === null) return [];
      return (Array.isArray(value) ? value : [value]).map((each: unknown) => textOf(name, each));
    },
    names: () => [...values.keys()],
  };
}

async function bodyOf(ctx: Context): Promise<Buffer> {
  const body = await readBody(ctx);
  if (body.ok) return body.value;
  throw new LinotpFault(
    'parameter',
    body.error === 'too-large' ? `the body has more than ${maxBodyBytes} bytes` : 'the body did not arrive as announced',
  );
}

function fromJson(body: string): Values {
  const value = parseJson(body);
  if (value === undefined) throw new LinotpFault('parameter', 'the body is not JSON');
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return new Map(Object.entries(value));
  throw new LinotpFault('parameter', 'the JSON of the body is not an object');
}

function fromForms(ctx: Context, body: Buffer): Values {
  const values: Values = new Map();
  const sources = [queryFields(ctx), ...(ctx.is('urlencoded') ? [formFields(body, encodingOf(ctx))] : [])];
  for (const source of sources) {
    for (const [name, text] of source) {
      if (name.endsWith('[]')) {
        const key = name.slice(0, -2);
        const before = values.get(key);
        values.set(key, [...(Array.isArray(before) ? before : []), text]);
      } else if (!values.has(name)) values.set(name, text);
    }
  }
  return values;
}
