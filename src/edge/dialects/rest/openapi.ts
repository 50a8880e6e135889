import { z } from 'zod';
import type { Described, DescribedReply } from './endpoint.ts';
import { ProblemReply, type ProblemType, problemTypes, problemUri } from './problems.ts';

type Json = Record<string, unknown>;

/** An OpenAPI 3.1 document. @see https://spec.openapis.org/oas/v3.1.1 */
export type OpenApi = Json & { openapi: string; paths: Record<string, Record<string, Operation>>; components: Components };

/** One operation of it. */
export type Operation = Json & {
  operationId: string;
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Record<string, { schema: Json }> };
  responses: Record<string, { $ref: string } | Response>;
};

type Parameter = { name: string; in: 'path' | 'query' | 'header'; required?: boolean; description: string | undefined; schema: object };

type Response = { description: string; content?: Record<string, { schema: Json }>; headers?: Json };
type Components = { schemas: Record<string, Json>; responses: Record<string, Response>; securitySchemes: Json };

/**
 * The OpenAPI document of these endpoints. `path`: the mount that serves them. A schema with a `meta` id becomes a
 * component of that name.
 */
export function openApiOf(endpoints: readonly Described[], path: string): OpenApi {
  const components: Components = { schemas: {}, responses: { 'head-too-large': headTooLarge }, securitySchemes };
  component(components, 'Problem', schemaOf(ProblemReply, 'output', components));
  const paths: OpenApi['paths'] = {};
  for (const described of endpoints) {
    const template = described.path.replace(/:(\w+)/g, '{$1}');
    paths[template] = { ...paths[template], [described.method.toLowerCase()]: operationOf(described, components) };
  }
  return { openapi: '3.1.1', info, servers: [{ url: path }], tags: tagsOf(endpoints), security, paths, components };
}

const info = {
  title: 'pushgate',
  version: '1.0.0',
  description:
    'Push challenges for logins and approvals. An auth server shows an API key, a JWT, a signature or a client certificate; without one, it is recognised by its network. Unknown fields are refused. Every refusal is a problem (RFC 9457), and its type never changes.',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
};

const header = (name: string, description: string) => ({ type: 'apiKey', in: 'header', name, description });

const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: 'An API key, or a JWT of role validate.' },
  apiKey: header('X-API-Key', 'An API key.'),
  certificate: { type: 'mutualTLS', description: 'A client certificate that the auth server lists.' },
  keyId: header('X-Pushgate-Key-Id', 'The id of the key that signs.'),
  time: header('X-Pushgate-Time', 'The time of the signature in seconds since 1970, at most five minutes ago.'),
  nonce: header('X-Pushgate-Nonce', '16 to 64 letters, digits, _ and -, never used with this key before.'),
  signature: header('X-Pushgate-Signature', 'HMAC-SHA256 in hex over method, target, time, nonce and the SHA-256 of the body.'),
};

const security = [{ bearer: [] }, { apiKey: [] }, { certificate: [] }, { keyId: [], time: [], nonce: [], signature: [] }];

const tagOf = ({ path }: Described): string => path.split('/')[2]?.replace(/\.json$/, '') ?? '';
const tagsOf = (endpoints: readonly Described[]) => [...new Set(endpoints.map(tagOf))].map((name) => ({ name }));

function operationOf(described: Described, components: Components): Operation {
  const { id, summary, description, right, permission, body, replies } = described;
  const instead = permission === undefined ? '' : `, or an administrator with the right \`${permission}\``;
  const needed = right === 'nobody' ? 'Needs no credential.' : `Needs the right \`${right}\`${instead}.`;
  return {
    operationId: id,
    summary,
    description: description === undefined ? needed : `${description} ${needed}`,
    tags: [tagOf(described)],
    ...(right === 'nobody' && { security: [] }),
    parameters: [
      ...pathParameters(described),
      ...parametersIn('query', described.query, components),
      ...parametersIn('header', described.headers, components),
    ],
    ...(body && { requestBody: requestBodyOf(body, components) }),
    responses: {
      ...Object.fromEntries(Object.entries(replies).map(([status, reply]) => [status, responseOf(reply, components)])),
      ...problemResponses(described, components),
      431: { $ref: '#/components/responses/head-too-large' },
    },
  };
}

/** A body without a required field may be left out. */
const requestBodyOf = (body: z.ZodType, components: Components) => ({
  required: !body.safeParse({}).success,
  content: { 'application/json': { schema: schemaOf(body, 'input', components) } },
});

/** The reply of the HTTP server to a request that does not reach any endpoint. */
const headTooLarge: Response = {
  description: 'The path and the headers are too long.',
  content: { 'application/json': { schema: { type: 'object', properties: { error: { type: 'string' } }, additionalProperties: false } } },
};

/** What the parameters of paths mean. */
const pathParameterTexts: Readonly<Record<string, string>> = {
  id: 'The id of the object, as in replies.',
  serial: 'The serial of the push token.',
  name: 'The name of the object, as in replies.',
};

const pathParameters = ({ path }: Described): Parameter[] =>
  [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: pathParameterTexts[name],
    schema: { type: 'string', minLength: 1 },
  }));

/** The parameters of a query or of headers: one for each field of its schema. */
function parametersIn(where: 'query' | 'header', schema: z.ZodType | undefined, components: Components): Parameter[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input', components) as z.core.JSONSchema.ObjectSchema;
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = property as z.core.JSONSchema.BaseSchema;
    return { name, in: where, required: required.includes(name), description, schema: rest };
  });
}

function responseOf({ description, schema, contentType }: DescribedReply, components: Components): Response {
  if (!schema && contentType === undefined) return { description };
  const content = { schema: schema ? schemaOf(schema, 'output', components) : { type: 'string' } };
  return { description, content: { [contentType ?? 'application/json']: content } };
}

/** Refusals of every endpoint, of those with a body, and of those that need an auth server. */
const general: readonly ProblemType[] = [
  'invalid-request',
  'overloaded',
  'defect',
  'config-invalid',
  'store-unavailable',
  'directory-unavailable',
];
const ofBodies: readonly ProblemType[] = ['unsupported-media-type'];
const ofCallers: readonly ProblemType[] = ['not-authenticated', 'not-allowed', 'too-large', 'turned-away'];

/** Everything that an endpoint may refuse with. */
export const problemsOf = ({ right, body, problems = [] }: Described): ProblemType[] =>
  [...new Set([...general, ...(right === 'nobody' ? [] : ofCallers), ...(body ? ofBodies : []), ...problems])].sort();

function problemResponses(described: Described, components: Components): Record<string, { $ref: string }> {
  const byStatus = Map.groupBy(problemsOf(described), (type) => problemTypes[type][0]);
  return Object.fromEntries(
    [...byStatus].map(([status, types]) => {
      const name = types.join('.');
      components.responses[name] = problemResponse(status, types);
      return [status, { $ref: `#/components/responses/${name}` }];
    }),
  );
}

const problemResponse = (status: number, types: readonly ProblemType[]): Response => ({
  description: types.map((type) => `${problemTypes[type][1]}.`).join(' '),
  ...((status === 429 || status === 503) && {
    headers: { 'Retry-After': { description: 'Seconds to wait before another try.', schema: { type: 'integer', minimum: 0 } } },
  }),
  content: {
    'application/problem+json': {
      schema: {
        allOf: [
          { $ref: '#/components/schemas/Problem' },
          { type: 'object', properties: { type: { enum: types.map(problemUri) }, status: { const: status } } },
        ],
      },
    },
  },
});

/** The JSON Schema of a schema. What has an id becomes a component, and is referred to. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Components): Json {
  const { $schema: _, $defs = {}, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any', override: plainTimes });
  for (const [name, each] of Object.entries($defs)) component(components, name, pointed(each));
  const { id, ...rest } = pointed(json);
  return typeof id === 'string' ? component(components, id, rest) : pointed(json);
}

function component({ schemas }: Components, name: string, { id: _, ...schema }: Json): Json {
  const known = schemas[name];
  if (known && JSON.stringify(known) !== JSON.stringify(schema)) throw new Error(`two schemas have the id ${name}`);
  schemas[name] = schema;
  return { $ref: `#/components/schemas/${name}` };
}

const pointed = (json: object): Json => JSON.parse(JSON.stringify(json).replaceAll('"#/$defs/', '"#/components/schemas/'));

/** `format` alone says what a time is; zod's pattern for it is unreadable. */
function plainTimes({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
}
