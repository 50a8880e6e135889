import assert from 'node:assert/strict';
import { openApiOf, restDescriptions } from '../../../../src/edge/dialects/rest/index.ts';
import { notPlain } from '../../../kit/plain-english.ts';
import { cleanup } from '../../../kit/temporary.ts';
import { assertDescribed, type Exchange } from './contract.ts';
import { givenRest } from './given.ts';

const document = JSON.parse(JSON.stringify(openApiOf(restDescriptions(), '/')));
const operations = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ ...operation, call: `${method} ${path}` })),
);

/** Every object in a JSON value, with its path. */
function* objectsOf(value: unknown, at = ''): Generator<[at: string, object: Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [at, value as Record<string, unknown>];
  for (const [name, each] of Object.entries(value)) yield* objectsOf(each, `${at}/${name}`);
}

describe('The OpenAPI document', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('is served to anybody, with the path of the mount', async () => {
    const { rest } = await givenRest(undo);
    const reply = await rest('GET /v1/openapi.json', undefined, { headers: { authorization: '' } });
    assert.equal(reply.status, 200);
    assert.deepEqual(reply.body, { ...document, servers: [{ url: '/rest' }] });
  });

  it('describes the refusal of a request whose path is too long', async () => {
    const { rest } = await givenRest(undo);
    assert.equal((await rest(`GET /v1/challenges/${'1'.repeat(20_000)}`)).status, 431);
  });

  it('names and explains every operation, parameter and reply', () => {
    assert.ok(operations.length > 4, `${operations.length} operations`);
    const ids = operations.map(({ operationId }) => operationId);
    assert.deepEqual(ids, [...new Set(ids)], 'each operation has an id of its own');
    const faults = operations.flatMap(({ call, operationId, summary, description, parameters, responses }) => [
      ...(/^[a-z]+([A-Z][a-z]*)+$/.test(operationId) ? [] : [`${call}: the id ${operationId} is not in camelCase`]),
      ...[summary, description].flatMap((text) => (text ? [] : [`${call}: no summary or description`])),
      ...parameters.flatMap((each: { name: string; description?: string }) => (each.description ? [] : [`${call}: ${each.name}`])),
      ...(Object.keys(responses).some((status) => Number(status) < 400) ? [] : [`${call}: never succeeds`]),
    ]);
    assert.deepEqual(faults, []);
  });

  it('speaks plain English', () => {
    const texts = [...objectsOf(document)].flatMap(([at, { summary, description }]) =>
      [summary && `${summary}.`, description].flatMap((text) => (typeof text === 'string' ? [{ at, text }] : [])),
    );
    assert.ok(texts.length > 30, `${texts.length} texts`);
    assert.deepEqual(
      texts.flatMap(({ at, text }) => (notPlain(text) ? [`${at}: ${text}: ${notPlain(text)}`] : [])),
      [],
    );
  });

  it('allows no unknown field in any request or reply, and refers to nothing that it lacks', () => {
    const open = [...objectsOf(document)].filter(
      ([at, { type, properties, additionalProperties }]) =>
        type === 'object' && properties && additionalProperties === undefined && !at.includes('/allOf/'),
    );
    assert.deepEqual(
      open.map(([at]) => at),
      [],
    );
    const refs = [...objectsOf(document)].flatMap(([, { $ref }]) => (typeof $ref === 'string' ? [$ref] : []));
    assert.ok(refs.length > 10, `${refs.length} references`);
    const found = (ref: string): unknown =>
      ref
        .split('/')
        .slice(1)
        .reduce((value, name) => value?.[name], document);
    assert.deepEqual(
      refs.filter((ref) => found(ref) === undefined),
      [],
    );
  });

  it('has one component for each schema id, and refuses a second schema with that id', () => {
    const [first, ...others] = restDescriptions();
    assert.ok(first?.replies[201]?.schema);
    assert.ok(document.components.schemas.Challenge.properties.answerUntil);
    const other = {
      ...first,
      replies: { 200: { description: 'Another.', schema: first.replies[201].schema.clone().meta({ id: 'Problem' }) } },
    };
    assert.throws(() => openApiOf([other, ...others], '/'), /two schemas have the id Problem/);
  });
});

describe('The check of requests and replies in these tests', () => {
  const problem = (type: string, status: number, more = {}) =>
    JSON.stringify({ type: `urn:pushgate:problem:${type}`, title: 'A title', status, detail: 'A detail.', ...more });
  const refused: Exchange = {
    method: 'POST',
    path: '/v1/challenges/1/consume',
    sent: '{}',
    status: 404,
    contentType: 'application/problem+json',
    text: problem('not-found', 404),
  };
  const consumed: Exchange = {
    ...refused,
    status: 200,
    contentType: 'application/json; charset=utf-8',
    text: JSON.stringify({ id: '1', status: 'consumed', user: 'alice', realm: 'corp', serial: 'PIPU1' }),
  };

  it('takes what the document says', () => {
    assertDescribed(refused);
    assertDescribed(consumed);
    assertDescribed({ ...refused, method: 'PUT', status: 405, text: problem('method-not-allowed', 405) });
  });

  const rows: [title: string, exchange: Exchange, says: RegExp][] = [
    ['a status that the operation does not have', { ...refused, status: 422, text: problem('undeliverable', 422) }, /no such status/],
    ['a problem of another operation', { ...refused, text: problem('conflict', 404) }, /not as described/],
    ['a problem with an unknown member', { ...refused, text: problem('not-found', 404, { hint: 'x' }) }, /not as described/],
    ['a reply that lacks a field', { ...consumed, text: '{"id":"1"}' }, /not as described/],
    ['a reply with one field more', { ...consumed, text: consumed.text.replace('{', '{"pin":"1",') }, /not as described/],
    ['another content type', { ...consumed, contentType: 'text/html' }, /no content type text.html/],
    ['a request with an unknown field that was taken', { ...consumed, sent: '{"pin":"1"}' }, /took another body/],
    ['an unknown query that was taken', { ...consumed, path: `${consumed.path}?x=1` }, /took another query/],
    ['an operation that it does not have', { ...consumed, method: 'PUT' }, /no such operation/],
  ];
  for (const [title, exchange, says] of rows) it(`fails for ${title}`, () => assert.throws(() => assertDescribed(exchange), says));
});
