import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { Agent, request } from 'node:http';
import fc from 'fast-check';
import type { RoutePattern } from '../../../src/edge/http/index.ts';

/** One request as it goes over the wire. */
export type WireRequest = { method: string; path: string; headers: Record<string, string>; body: Buffer };
/** What came back; `text` is the body. */
export type WireReply = { status: number; headers: Record<string, string | string[] | undefined>; text: string };

/**
 * How many requests a fuzz test sends, and the seed that they are made from: PUSHGATE_FUZZ_RUNS (`npm run fuzz:routes` sends 10,000) and
 * PUSHGATE_FUZZ_SEED, which repeats a run. `told` is for the title of the suite.
 */
export const fuzz = fuzzOf(process.env);

function fuzzOf({ PUSHGATE_FUZZ_RUNS, PUSHGATE_FUZZ_SEED }: NodeJS.ProcessEnv) {
  const runs = Number(PUSHGATE_FUZZ_RUNS ?? 300);
  const seed = Number(PUSHGATE_FUZZ_SEED ?? randomInt(2 ** 31));
  return { runs, seed, told: `${runs} runs, PUSHGATE_FUZZ_SEED=${seed}` };
}

/**
 * Sends one request to each route, then such requests one after the other, and asserts that each reply passes, that no handler failed, and that every route
 * was reached.
 * @param share of all runs
 */
export async function sendAll({ requests, routes, base, mount = '', send, logged, check }: FuzzedGateway, share = 1): Promise<void> {
  const reached = new Set<unknown>();
  const sendOne = async (request: WireRequest): Promise<void> => {
    const before = logged.length;
    check(request, await send(request));
    const lines = logged.slice(before);
    assert.deepEqual(
      lines.filter(({ message }) => message === 'a handler failed'),
      [],
      'nothing broke inside',
    );
    for (const { message, route } of lines) if (message === 'request') reached.add(route);
    logged.length = 0;
  };
  for (const route of routes) for (const method of route.methods) await sendOne(plainRequest(method, route.path, base));
  await fc.assert(fc.asyncProperty(requests, sendOne), { numRuns: Math.ceil(fuzz.runs * share), seed: fuzz.seed });
  const missed = routes.filter(({ path }) => !reached.has(`${mount}${path}`));
  assert.deepEqual(
    missed.map(({ path }) => path),
    [],
    'a route was not reached',
  );
}

/** What is sent to which routes, how, below which path, and what its log and its replies must be. */
export type FuzzedGateway = {
  requests: fc.Arbitrary<WireRequest>;
  routes: readonly RoutePattern[];
  base: Readonly<Record<string, string>>;
  mount?: string;
  send(request: WireRequest): Promise<WireReply>;
  logged: Record<string, unknown>[];
  check(request: WireRequest, reply: WireReply): void;
};

function plainRequest(method: string, path: string, base: Readonly<Record<string, string>>): WireRequest {
  const form = formOf(Object.entries(base));
  const target = path.replaceAll(/:[a-z_]+/g, 'x');
  if (method === 'GET') return { method, path: `${target}?${form}`, headers: {}, body: Buffer.alloc(0) };
  const body = Buffer.from(form);
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(body.length) };
  return { method, path: target, headers, body };
}

/** Every parameter that some route of the mount reads, and some that none does. */
const names = [
  ...['user', 'realm', 'pass', 'serial', 'transaction_id', 'state', 'exception', 'otponly', 'type', 'client', 'nonce', 'cancel_enrollment'],
  ...[
    'signature',
    'timestamp',
    'fbtoken',
    'pubkey',
    'new_fb_token',
    'enrollment_credential',
    'decline',
    'decline_reason',
    'presence_answer',
  ],
  ...[
    'capabilities',
    'username',
    'password',
    'genkey',
    'pin',
    'otppin',
    'description',
    'tokenrealm',
    'rollover',
    'value',
    'page',
    'pagesize',
  ],
  ...[
    'sortby',
    'sortdir',
    'active',
    'assigned',
    'rollout_state',
    'infokey',
    'infovalue',
    'validity_period_start',
    'resolver',
    'resConf',
    'realms',
    'max_failcount',
    'tokenrealm',
    '__proto__',
    'constructor',
    '',
  ],
  ...['transactionid', 'data', 'content_type', 'pairing_response', 'token_type', 'challenge', 'qr', 'open', 'key', 'name', 'data[]'],
];
const values = [
  ...[
    '',
    '0',
    '1',
    'true',
    'push',
    'poll',
    'bob',
    'corp',
    'bob@corp',
    'corp\\bob',
    '*',
    '%',
    '%2',
    '%zz',
    '%41',
    '%00',
    '%ff%fe',
    '\u0000',
    'ä€😀',
    '\ud800',
  ],
  ...[
    '-1',
    '1e400',
    'NaN',
    '99999999999999999999',
    '2026-03-01T10:00:00Z',
    '2026-W09-7',
    '+292000-01-01T00:00:00Z',
    '2026-13-45',
    '{}',
    '[]',
    '["a"]',
  ],
  ...['null', 'undefined', "' OR 1=1 --", '$ne', '<b>', '../..', 'A'.repeat(5000), '[decline_reason]', '0'.repeat(20), 'ABCDEFGH234567=='],
];

const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...values) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
);
const name = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: fc.string({ maxLength: 12 }) });
const mostlyIn = (known: readonly string[]) =>
  known.length === 0 ? text : fc.oneof({ weight: 4, arbitrary: text }, { weight: 1, arbitrary: fc.constantFrom(...known) });

type Body = { type: string; bytes: Buffer };

/** Bodies of every kind that is read, well made and broken, under the right content type or another. */
function bodies(value: fc.Arbitrary<string>, base: Readonly<Record<string, string>>): fc.Arbitrary<Body> {
  const strange = fc.array(fc.tuple(name, value), { maxLength: 8 });
  const sensible = fc
    .tuple(fc.subarray(Object.entries(base)), fc.array(fc.tuple(name, value), { maxLength: 2 }))
    .map((lists) => lists.flat());
  const fields = fc.oneof(strange, sensible, fc.constant(Object.entries(base)));
  const form = fields.map((pairs): Body => ({ type: 'application/x-www-form-urlencoded', bytes: Buffer.from(formOf(pairs)) }));
  const json = fc
    .tuple(fields, fc.dictionary(name, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 3 }))
    .map(([pairs, more]) => ({ ...Object.fromEntries(pairs), ...more }))
    .map((record): Body => ({ type: 'application/json', bytes: Buffer.from(JSON.stringify(record)) }));
  const multipart = fields.map((pairs): Body => ({ type: 'multipart/form-data; boundary=xX', bytes: Buffer.from(multipartOf(pairs)) }));
  const noise = fc.uint8Array({ maxLength: 200 }).map((bytes): Body => ({ type: 'application/octet-stream', bytes: Buffer.from(bytes) }));
  const wellMade = fc.oneof(form, json, multipart, noise);
  const broken = fc
    .tuple(wellMade, fc.nat(), fc.uint8Array({ maxLength: 6 }), fc.boolean())
    .map(([{ type, bytes }, at, more, cuts]): Body => {
      const place = bytes.length === 0 ? 0 : at % bytes.length;
      return { type, bytes: Buffer.concat([bytes.subarray(0, place), more, ...(cuts ? [] : [bytes.subarray(place)])]) };
    });
  const mislabelled = fc.tuple(wellMade, fc.constantFrom(...contentTypes)).map(([{ bytes }, type]): Body => ({ type, bytes }));
  return fc.oneof({ weight: 3, arbitrary: wellMade }, { weight: 2, arbitrary: broken }, { weight: 1, arbitrary: mislabelled });
}

const contentTypes = [
  ...['application/json', 'application/json; charset=utf-7', 'application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain', ''],
  ...[
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary="',
    'multipart/mixed; boundary=xX',
    'application/vnd.api+json',
    'a/b/c',
    ';',
  ],
];

const formOf = (pairs: readonly [string, string][]): string => pairs.map(([key, value]) => `${escaped(key)}=${escaped(value)}`).join('&');
const multipartOf = (pairs: readonly [string, string][]): string =>
  `${pairs.map(([key, value]) => `--xX\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`).join('')}--xX--\r\n`;

/** Escaped as a client does, with what no client can escape replaced. */
const escaped = (given: string): string => encodeURIComponent(given.toWellFormed());
const printable = (given: string): string => given.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?');

/** What requests are made of beside noise: values that exist, a form that makes some sense, headers that open doors half the time. */
export type FuzzHints = { known?: readonly string[]; base?: Readonly<Record<string, string>>; headers?: Record<string, string> };

/** Requests to these routes. */
export function anyRequest(routes: readonly RoutePattern[], { known = [], base = {}, headers = {} }: FuzzHints): fc.Arbitrary<WireRequest> {
  const value = mostlyIn(known);
  const segment = fc.oneof(value.map(escaped), fc.constantFrom('%zz', '%', '..', '%2e%2e', '%00', 'a%2Fb', ';', 'push'));
  const route = fc.constantFrom(...routes);
  const query = fc.oneof(
    fc.array(fc.tuple(name, value), { maxLength: 6 }).map(formOf),
    fc.string({ maxLength: 30 }).map((given) => given.replaceAll(/[^\x21-\x7e]|#/g, '%')),
  );
  const agent = fc.constantFrom('', 'FreeRADIUS', 'privacyidea-cp/1.0', 'simpleSAMLphp', 'PAM/1.1.0', '/', 'Mozilla/5.0 (X11)', '😀');
  const strange = fc.dictionary(
    fc.constantFrom(
      'x-forwarded-for',
      'authorization',
      'pi-authorization',
      'accept',
      'content-encoding',
      'cookie',
      'x-http-method-override',
    ),
    text.map((given) => given.slice(0, 500)),
    { maxKeys: 3 },
  );
  return fc
    .record({
      route,
      segments: fc.array(segment, { minLength: 3, maxLength: 3 }),
      query,
      body: bodies(value, base),
      agent,
      strange,
      opens: fc.boolean(),
      other: fc.oneof(
        { weight: 12, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS') },
      ),
      method: fc.nat(),
    })
    .map(({ route, segments, query, body, agent, strange, opens, other, method }): WireRequest => {
      const [...left] = segments;
      const path = route.path.replaceAll(/:[a-z_]+/g, () => left.pop() ?? '');
      const all = {
        'user-agent': agent,
        ...strange,
        ...(opens ? headers : {}),
        'content-type': body.type,
        'content-length': String(body.bytes.length),
      };
      return {
        method: other ?? route.methods[method % route.methods.length] ?? 'GET',
        path: `${path}${query === '' ? '' : `?${query}`}`,
        headers: Object.fromEntries(Object.entries(all).map(([key, given]) => [key, printable(given)])),
        body: body.bytes,
      };
    });
}

/** Sends requests over kept connections; `close` ends these. */
export function openWire(url: string): { send(wire: WireRequest): Promise<WireReply>; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const { hostname, port } = new URL(url);
  return {
    send: ({ method, path, headers, body }) =>
      new Promise((resolve, reject) => {
        const outgoing = request({ hostname, port, method, path, headers, agent }, (reply) => {
          const parts: Buffer[] = [];
          reply.on('data', (part: Buffer) => parts.push(part));
          reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text: Buffer.concat(parts).toString() }));
          reply.on('error', reject);
        });
        outgoing.on('error', reject);
        outgoing.end(body);
      }),
    close: () => agent.destroy(),
  };
}
