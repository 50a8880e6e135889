import type { Context } from 'koa';
import { z } from 'zod';
import { demandName, parseJson } from '../../../../foundation/model/index.ts';
import { bodyOf, PiFault } from '../../../formats/privacyidea/index.ts';
import { encodingOf, formFields, noteParams, readText } from '../../../http/index.ts';

/** The attributes of an Access-Request that a login needs; undefined when missing. */
export type RadiusAttributes = { user: string | undefined; password: string | undefined; state: string | undefined };

/** Removes NUL padding: RFC 2865 5.2 pads passwords to 16 bytes, and some clients forward that, even in names. */
function unpadded(text: string): string {
  let end = text.length;
  while (text[end - 1] === '\0') end -= 1;
  return text.slice(0, end);
}
const single = z.union([z.string().transform(unpadded), z.number()]).transform(String);
const several = z.array(single).transform(([first]) => first);
/** An attribute as `rlm_rest` sends it (type and values), or as a plain value. */
const attribute = z.union([single, several, z.object({ value: z.union([single, several]) }).transform(({ value }) => value)]);
const wanted = ['User-Name', 'User-Password', 'State'] as const;

/**
 * Reads the attributes from FreeRADIUS's `rlm_rest`, as JSON (`body = 'json'`) or form (`'post'`). Values are encoded
 * once, for any user agent, and available to policies. Octets such as State are `0x` and hex digits; trailing NUL
 * padding is removed. The first of repeated attributes counts. Throws 905 for other bodies and for a name that is too
 * long.
 */
export async function readRadiusAttributes(ctx: Context): Promise<RadiusAttributes> {
  const body = await bodyOf(ctx);
  const form = (ctx.is('urlencoded') ? formFields(body, encodingOf(ctx)) : []).map(([name, value]) => [name, unpadded(value)] as const);
  const json = ctx.is('urlencoded') ? {} : jsonOf(readText(body, encodingOf(ctx), 'The body'));
  const sent = (wanted: string): string | undefined => form.find(([name]) => name === wanted)?.[1] ?? textOf(json[wanted], wanted);
  noteParams(ctx, new Map([...form, ...Object.entries(json).map(([name, value]) => [name, attribute.safeParse(value).data] as const)]));
  const [user, password, state] = wanted.map(sent);
  return {
    user: user === undefined ? undefined : demandName('User-Name', user),
    password,
    state: state === undefined ? undefined : octets(state),
  };
}

function jsonOf(text: string): Readonly<Record<string, unknown>> {
  const read = z.record(z.string(), z.unknown()).safeParse(parseJson(text));
  if (!read.success) throw new PiFault('parameter', 'The body is neither a form nor a JSON object.');
  return read.data;
}

function textOf(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined;
  const read = attribute.safeParse(value);
  if (!read.success) throw new PiFault('parameter', `${name} is not written as an attribute.`);
  return read.data;
}

/** A foreign State may contain any bytes. */
const octets = (text: string): string =>
  /^0x(?:[0-9a-f]{2})*$/i.test(text) ? readText(Buffer.from(text.slice(2), 'hex'), 'latin-1', 'State') : text;
