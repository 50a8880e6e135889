import assert from 'node:assert/strict';
import { z } from 'zod';
import { type OpenApi, type Operation, openApiOf, restDescriptions } from '../../../../src/edge/dialects/rest/index.ts';

/** A request and its reply, as sent. `path` is below the mount, with its query. */
export type Exchange = {
  method: string;
  path: string;
  sent?: string | undefined;
  status: number;
  contentType: string;
  text: string;
};

const document: OpenApi = JSON.parse(JSON.stringify(openApiOf(restDescriptions(), '/')));

/** Asserts that an exchange is one that the OpenAPI document allows: its status, content type and bodies. */
export function assertDescribed(exchange: Exchange): void {
  const { method, path, status, text } = exchange;
  const call = `${method} ${path}: ${status} ${text.slice(0, 500)}`;
  const operation = operationFor(method, path);
  if (operation) assertOperation(operation, exchange, call);
  else {
    assert.ok(status === 404 || status === 405, `the document has no such operation: ${call}`);
    assert.equal(JSON.parse(text).type, `urn:pushgate:problem:${status === 404 ? 'not-found' : 'method-not-allowed'}`, call);
  }
}

function assertOperation(operation: Operation, exchange: Exchange, call: string): void {
  const { status, contentType, text } = exchange;
  const { [String(status)]: described } = operation.responses;
  assert.ok(described, `the document has no such status: ${call}`);
  const response = '$ref' in described ? document.components.responses[String(described.$ref).split('/').at(-1) ?? ''] : described;
  const [type = ''] = contentType.split(';');
  const { [type]: content } = response?.content ?? {};
  if (response?.content === undefined) assert.equal(text, '', `the document has no body: ${call}`);
  else assert.ok(content, `the document has no content type ${type}: ${call}`);
  if (content && type.endsWith('json')) assertFits(content.schema, JSON.parse(text), `the reply is not as described: ${call}`);
  if (status < 300) assertRequest(operation, exchange, call);
}

function operationFor(method: string, path: string): Operation | undefined {
  const asked = path.split('?')[0]?.split('/') ?? [];
  const fits = (template: string): boolean => {
    const segments = template.split('/');
    return segments.length === asked.length && segments.every((segment, at) => segment.startsWith('{') || segment === asked[at]);
  };
  const found = Object.keys(document.paths).filter(fits);
  const exact = found.find((template) => !template.includes('{')) ?? found.find((each) => document.paths[each]?.[method.toLowerCase()]);
  return document.paths[exact ?? '']?.[method.toLowerCase()];
}

/** What the gateway took must be what the document says that it takes. */
function assertRequest({ requestBody, parameters }: Operation, { path, sent }: Exchange, call: string): void {
  const schema = requestBody?.content['application/json']?.schema;
  if (schema) assertFits(schema, sent === undefined || sent === '' ? {} : JSON.parse(sent), `the gateway took another body: ${call}`);
  const known = parameters.filter((each) => each.in === 'query').map(({ name }) => name);
  const unknown = [...new URL(path, 'http://localhost').searchParams.keys()].filter((name) => !known.includes(name));
  assert.deepEqual(unknown, [], `the gateway took another query: ${call}`);
}

const parsers = new Map<object, z.ZodType>();

/** The parts of `allOf` are checked one by one: joined, zod lets a field pass that only one of them forbids. */
function assertFits(schema: { allOf?: object[] }, value: unknown, message: string): void {
  if (schema.allOf) for (const part of schema.allOf) assertFits(part, value, message);
  else assertOne(schema, value, message);
}

function assertOne(schema: object, value: unknown, message: string): void {
  const parser = parsers.get(schema) ?? z.fromJSONSchema(withDefinitions(schema));
  parsers.set(schema, parser);
  const { error } = parser.safeParse(value);
  assert.ok(!error, error ? `${message}\n${z.prettifyError(error)}` : '');
}

/** Keywords that zod does not read: which fields go together. */
const isUnread = (name: string, value: unknown): boolean =>
  name === 'dependentRequired' ||
  (name === 'oneOf' && Array.isArray(value) && value.every((each) => Object.keys(each).join() === 'required'));

/** The schema with the components that it refers to in the place where JSON Schema looks for them. */
const withDefinitions = (schema: object): z.core.JSONSchema.JSONSchema => {
  const text = JSON.stringify({ ...schema, $defs: document.components.schemas }).replaceAll('#/components/schemas/', '#/$defs/');
  return JSON.parse(text, (name, value) => (isUnread(name, value) ? undefined : value));
};
