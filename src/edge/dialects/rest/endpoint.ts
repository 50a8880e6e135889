import type { Context } from 'koa';
import { z } from 'zod';
import type { Asker } from '../../../engine/index.ts';
import { parseJson } from '../../../foundation/model/index.ts';
import type { Permission } from '../../../policy/index.ts';
import type { AuthServerRight } from '../../access/index.ts';
import { type Caller, type Handler, type Method, type Needs, noteParams, readBody, readText } from '../../http/index.ts';
import { knownManager, type Manager, managerFor } from './managers.ts';
import { askerFor, authServerOf, type RestParts } from './parts.ts';
import { type ProblemType, RestProblem } from './problems.ts';

/** A reply: its status and its JSON body, if it has one. */
export type RestReply = { status: number; body?: unknown; headers?: Record<string, string> };

/** What the OpenAPI document says of a reply. `schema`: its JSON body, if it has one. */
export type DescribedReply = { description: string; schema?: z.ZodType; contentType?: string };

/**
 * One endpoint as data: who may call it, what it takes and what it replies. The OpenAPI document is made of these.
 * `right`: what the auth server must be allowed; `nobody`: no caller is asked for. `permission`: what policies must
 * give an administrator who calls instead. `problems`: refusals beyond those that every endpoint has.
 */
export type Description<Q extends z.ZodType, B extends z.ZodType, H extends z.ZodType> = {
  method: Method;
  path: string;
  right: AuthServerRight | 'nobody';
  permission?: Permission;
  /** The name of the operation, in camelCase. */
  id: string;
  summary: string;
  description?: string;
  query?: Q;
  body?: B;
  /** Headers of the request that the act reads, by lower-case name. */
  headers?: H;
  replies: Readonly<Record<number, DescribedReply>>;
  problems?: readonly ProblemType[];
};

/** A request of a known auth server. `param` reads a segment of the path. */
export type RestCall<Q, B, H = unknown> = {
  ctx: Context;
  caller: Caller;
  asker: Asker;
  query: Q;
  body: B;
  headers: H;
  param(name: string): string;
};

/** The description of any endpoint. */
export type Described = Description<z.ZodType, z.ZodType, z.ZodType>;

/** A request of an administrator, or of an auth server that manages. */
export type ManagerCall<Q, B> = Pick<RestCall<Q, B>, 'query' | 'body' | 'param'> & { manager: Manager };

/** A described endpoint with its handler. */
export type Endpoint = { described: Described; route: Handler<RestParts> };

type Act<Call> = (parts: RestParts, call: Call) => Promise<RestReply | 'held'>;

/**
 * An endpoint for auth servers. It reads the body, recognises the caller, checks the right, parses, and only then acts.
 * `held`: the act has arranged for the reply itself.
 */
export function endpoint<
  Q extends z.ZodType = z.ZodType<unknown>,
  B extends z.ZodType = z.ZodType<unknown>,
  H extends z.ZodType = z.ZodType<unknown>,
>(described: Description<Q, B, H> & { right: AuthServerRight }, act: Act<RestCall<z.output<Q>, z.output<B>, z.output<H>>>): Endpoint {
  return defined(described, async (parts, ctx) => {
    const raw = await bodyOf(ctx);
    const caller = await authServerOf(parts, ctx, described.right);
    const read = inputOf(described, ctx, raw);
    const headers = (described.headers ? parsed(described.headers, { ...ctx.headers }, 'header') : undefined) as z.output<H>;
    const asker = askerFor(parts, ctx, caller.server);
    return act(parts, { ctx, caller, asker, headers, ...read });
  });
}

/**
 * An endpoint for administrators, and for auth servers with the right to manage. The act gets whoever calls as one
 * manager, and looks only at the manager's scope.
 */
export function managed<Q extends z.ZodType = z.ZodType<unknown>, B extends z.ZodType = z.ZodType<unknown>>(
  described: Description<Q, B, z.ZodType<unknown>> & { right: AuthServerRight; permission: Permission },
  act: Act<ManagerCall<z.output<Q>, z.output<B>>>,
): Endpoint {
  return defined(described, async (parts, ctx) => {
    const raw = await bodyOf(ctx);
    const known = await knownManager(parts, ctx, described);
    const read = inputOf(described, ctx, raw);
    return act(parts, { manager: managerFor(parts, ctx, known, described), ...read });
  });
}

/** Parses query and body, and notes their parameters for policies. */
function inputOf<Q extends z.ZodType, B extends z.ZodType>(
  { query: asked, body: sent }: Pick<Description<Q, B, z.ZodType>, 'query' | 'body'>,
  ctx: Context,
  raw: Buffer,
) {
  const query = parsed(asked ?? noQuery, { ...ctx.query }, 'query') as z.output<Q>;
  const body = (sent ? parsed(sent, jsonOf(ctx, raw), 'body') : undefined) as z.output<B>;
  noteParams(ctx, new Map(Object.entries({ ...(query ?? {}), ...(body ?? {}) })));
  return { query, body, param: (name: string) => String(ctx.params[name]) };
}

/** An endpoint that anybody may call. */
export const openEndpoint = (
  described: Described & { right: 'nobody' },
  act: (parts: RestParts, ctx: Context) => Promise<RestReply | 'held'>,
): Endpoint => defined(described, act);

function defined(described: Described, act: (parts: RestParts, ctx: Context) => Promise<RestReply | 'held'>): Endpoint {
  const handler = async (parts: RestParts, ctx: Context): Promise<void> => {
    const reply = await act(parts, ctx);
    if (reply !== 'held') sendReply(ctx, reply);
  };
  const { method, path } = described;
  return { described, route: { methods: [method], path, needs: needsOf(described), handler } };
}

function needsOf({ right, permission }: Described): Needs {
  if (right === 'nobody') return 'public';
  return permission === undefined ? { right } : { any: [{ right }, { permission }] };
}

/** Sends a reply. Replies are never stored by caches: they tell the state of a login. */
export function sendReply(ctx: Context, { status, body, headers = {} }: RestReply): void {
  ctx.status = status;
  ctx.set('cache-control', 'no-store');
  for (const [name, value] of Object.entries(headers)) ctx.set(name, value);
  ctx.body = body ?? null;
}

const noQuery = z.strictObject({});

async function bodyOf(ctx: Context): Promise<Buffer> {
  const body = await readBody(ctx);
  if (body.ok) return body.value;
  throw body.error === 'too-large'
    ? new RestProblem('too-large', 'The body is too large.')
    : new RestProblem('invalid-request', 'The body is broken.');
}

function jsonOf(ctx: Context, raw: Buffer): unknown {
  if (raw.length > 0 && !ctx.is('json', '+json'))
    throw new RestProblem('unsupported-media-type', 'Send JSON, with Content-Type: application/json.');
  const text = readText(raw, 'utf-8', 'The body');
  const json = text === '' ? {} : parseJson(text);
  if (json === undefined) throw new RestProblem('invalid-request', 'The body is not JSON.');
  return json;
}

/** Parses by a schema. The refusal names every field and its rule, never a value. */
function parsed(schema: z.ZodType, input: unknown, where: 'query' | 'body' | 'header'): unknown {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap(fieldsOf);
  const [first] = errors;
  throw new RestProblem('invalid-request', `The ${where} breaks a rule: ${first?.field || '/'}: ${first?.rule}.`, { errors });
}

function fieldsOf(issue: z.core.$ZodIssue): { field: string; rule: string }[] {
  const at = pointer(issue.path);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ field: `${at}${pointer([key])}`, rule: 'unknown field' }));
  return [{ field: at, rule: issue.message }];
}

/** A JSON pointer (RFC 6901). Long names are cut, since a caller may send anything. */
const pointer = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
