import assert from 'node:assert/strict';
import { z } from 'zod';
import { ChallengeBody } from '../../../src/edge/dialects/challenge-service/challenge.ts';
import { DeviceBody } from '../../../src/edge/dialects/challenge-service/devices.ts';
import { parsed } from '../../../src/edge/dialects/challenge-service/parts.ts';
import { ChallengeServiceFault } from '../../../src/edge/dialects/challenge-service/replies.ts';
import { OperatorFault } from '../../../src/edge/dialects/operator/errors.ts';
import { readJson } from '../../../src/edge/dialects/operator/parts.ts';
import { auditQueryOf } from '../../../src/edge/dialects/privacyidea/audit-list.ts';
import { privacyideaPatterns } from '../../../src/edge/dialects/privacyidea/index.ts';
import { readRadiusAttributes } from '../../../src/edge/dialects/privacyidea/login/radius-attributes.ts';
import { pageOf } from '../../../src/edge/dialects/privacyidea/tokens/paging.ts';
import { validityPeriod } from '../../../src/edge/dialects/privacyidea/tokens/validity-period.ts';
import { LinotpFault, type LinotpParams, readLinotpRequest } from '../../../src/edge/formats/linotp/index.ts';
import { readAuditParams } from '../../../src/edge/formats/management/index.ts';
import {
  PiFault,
  type PiParams,
  type PiProduct,
  piFallback,
  piParams,
  readPiRequest,
} from '../../../src/edge/formats/privacyidea/index.ts';
import { requestParam } from '../../../src/edge/http/asker.ts';
import { dispatch } from '../../../src/edge/http/dispatch.ts';
import { formFields } from '../../../src/edge/http/index.ts';
import { longestName, RefusedText } from '../../../src/foundation/model/index.ts';
import { fieldBytes, fieldsOf, inputOf } from '../engine/mutate.ts';
import { type Outcome, type Parser, refused, taken } from '../engine/parser.ts';
import { type FakeRequest, fakeRequest, headerText, targetText } from './fake-request.ts';
import { linotpVectors, now, piVectors } from './seeds.ts';

const longest = 65_536;
const form = 'application/x-www-form-urlencoded';
const product: PiProduct = { name: 'privacyIDEA', version: '3.14', flavour: 'privacyidea', clock: () => now };
const refusals = [PiFault, LinotpFault, ChallengeServiceFault, OperatorFault, RefusedText];

/** Waits for a read; an error that a dialect refuses a request by is an end, any other one is not. */
async function orRefused(read: () => Promise<Outcome> | Outcome): Promise<Outcome> {
  try {
    return await read();
  } catch (error) {
    if (refusals.some((kind) => error instanceof kind) && error instanceof Error) return refused(shownRefusal(error));
    throw error;
  }
}

/** The words of a refusal without what it quotes. */
const shownRefusal = ({ message }: Error): string =>
  message
    .replace(/(?:Parameter|parameter|key) .*? (must|has)/s, '$1')
    .split(/[:;("]/)[0]
    ?.slice(0, 40) ?? '';

const names = ['user', 'realm', 'serial', 'transaction_id', 'pass', 'type', 'pagesize', 'nonce', '__proto__', 'data', 'transactionid'];
/** Names without blanks at their ends, whose length has a limit. */
const identifiers = ['user', 'realm', 'serial'];

/** What every dialect promises of a parameter's text. */
function valuesOf(params: Pick<PiParams | LinotpParams, 'text' | 'list'>): Record<string, unknown> {
  const found = names.flatMap((name) => {
    const text = params.text(name);
    assert.ok(text === undefined || (text.isWellFormed() && !text.includes('\0')), 'half a character, or NUL');
    if (text !== undefined && identifiers.includes(name))
      assert.ok(text.length <= longestName && text === text.trim(), 'a name that nothing has');
    return text === undefined ? [] : [[name, [text, params.list(name)]]];
  });
  return Object.fromEntries(found);
}

const piRequests = (): FakeRequest[] =>
  piVectors.privacyidea.exchanges.cases.slice(0, 40).map(({ request: { method, path, params } }) => {
    const text = new URLSearchParams(params).toString();
    return method === 'GET'
      ? { method, target: `${path}?${text}` }
      : { method, target: path, headers: { 'content-type': form }, body: Buffer.from(text) };
  });

const multipart = (...parts: readonly string[]): Buffer =>
  Buffer.from(`${parts.map((part) => `--xX\r\nContent-Disposition: form-data; ${part}\r\n`).join('')}--xX--\r\n`);

const requestSeeds = (requests: readonly FakeRequest[]): Buffer[] =>
  requests.map(({ method = 'GET', target = '/', headers = {}, body = '' }) =>
    inputOf(method, target, headers['content-type'] ?? '', headers['user-agent'] ?? '', body),
  );

function requestOf(input: Buffer): FakeRequest {
  const [method, target, type, agent, body] = fieldBytes(input, 5);
  const headers = { 'content-type': headerText(type ?? Buffer.alloc(0)), 'user-agent': headerText(agent ?? Buffer.alloc(0)) };
  return {
    method: /^[A-Z]+$/.exec(String(method))?.[0] ?? 'POST',
    // Targets of other forms end before anybody reads a query: the row `path` is about them.
    target: targetText(target ?? Buffer.alloc(0))
      .replace(/^(?!\/)/, '/')
      .replace(/[#\xa0]/g, ''),
    headers,
    body: body ?? Buffer.alloc(0),
  };
}

/** Requests as dialects read them, from head and body to parameters. */
export const requests: readonly Parser[] = [
  {
    name: 'form',
    of: ['src/edge/http/form.ts', 'src/edge/http/text.ts'],
    longest,
    seeds: () => ['user=b%C3%BCb&pass=1234', 'a=1&&b&=c&%zz=%', 'a+b=%ff&c=%00'].map((text) => Buffer.from(text)),
    open: () => (input) =>
      orRefused(() => {
        const inLatin1 = formFields(input, 'latin-1');
        const fields = formFields(input, 'utf-8');
        assert.deepEqual(fields, inLatin1, 'UTF-8 is read in another way where Latin-1 is allowed');
        const written = fields.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
        assert.deepEqual(
          formFields(Buffer.from(written), 'utf-8'),
          fields.filter(([name, value]) => name !== '' || value !== '' || written !== ''),
        );
        return taken(fields, `${Math.min(fields.length, 4)} fields`);
      }),
  },
  {
    name: 'privacyidea-request',
    of: [
      'src/edge/formats/privacyidea/request.ts',
      'src/edge/formats/privacyidea/params.ts',
      'src/edge/formats/privacyidea/second-decoding.ts',
      'src/edge/http/body.ts',
    ],
    longest,
    seeds: () => [
      ...requestSeeds(piRequests()),
      ...requestSeeds([
        { method: 'POST', headers: { 'content-type': 'application/json' }, body: Buffer.from('{"user":"bob","realm":["a"],"pass":1}') },
        { method: 'POST', headers: { 'content-type': form, 'user-agent': 'privacyidea-cp' }, body: Buffer.from('user=a%2525&pass=%41') },
      ]),
    ],
    open: () => (input) =>
      orRefused(async () => {
        const ctx = fakeRequest(requestOf(input));
        const values = valuesOf(await readPiRequest(ctx, product));
        assert.equal(requestParam(ctx, 'pass'), undefined, 'policies see a password');
        return taken(values, Object.keys(values).slice(0, 3).join());
      }),
  },
  {
    name: 'multipart',
    of: ['src/edge/formats/privacyidea/multipart.ts'],
    longest,
    seeds: () => {
      const bodies = [
        multipart('name="user"\r\n\r\nbob', 'name="pass"\r\n\r\n1234'),
        multipart('name="user"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nb\u00fcb', 'name="f"; filename="x.txt"\r\n\r\nx'),
        multipart("name*=utf-8''us%65r\r\n\r\nbob", 'name=""\r\n\r\n'),
      ];
      return requestSeeds(
        bodies.map((body) => ({ method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=xX' }, body })),
      );
    },
    open: () => (input) =>
      orRefused(async () => {
        const values = valuesOf(await readPiRequest(fakeRequest(requestOf(input)), product));
        return taken(values, Object.keys(values).slice(0, 3).join());
      }),
  },
  {
    name: 'linotp-request',
    of: ['src/edge/formats/linotp/request.ts'],
    longest,
    seeds: () => {
      const events = linotpVectors.server_transcripts.events.flatMap(({ request }) => (request ? [request] : [])).slice(0, 40);
      const sent = events.map(({ path, params }): FakeRequest => {
        const body = Buffer.from(new URLSearchParams(params).toString());
        return { method: 'POST', target: path, headers: { 'content-type': form }, body };
      });
      const json = {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: Buffer.from('{"user":"bob","data":["a","b"],"x":{}}'),
      };
      return requestSeeds([...sent, json, { target: '/validate/check?user=bob&data[]=1&data[]=2&httperror=500' }]);
    },
    open: () => (input) =>
      orRefused(async () => {
        const values = valuesOf(await readLinotpRequest(fakeRequest(requestOf(input))));
        return taken(values, Object.keys(values).slice(0, 3).join());
      }),
  },
  {
    name: 'radius-attributes',
    of: ['src/edge/dialects/privacyidea/login/radius-attributes.ts'],
    longest,
    seeds: () => {
      const json = {
        'User-Name': { type: 'string', value: ['bob'] },
        'User-Password': { type: 'string', value: ['1234'] },
        State: { type: 'octets', value: ['0x30313233'] },
      };
      return requestSeeds([
        { method: 'POST', headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(json)) },
        { method: 'POST', headers: { 'content-type': form }, body: Buffer.from('User-Name=bob&User-Password=12%2634&State=0x00ff') },
      ]);
    },
    open: () => (input) =>
      orRefused(async () => {
        const read = await readRadiusAttributes(fakeRequest(requestOf(input)));
        assert.ok(read.user === undefined || read.user.length <= longestName);
        return taken(
          read,
          Object.values(read)
            .map((value) => (value === undefined ? '-' : '+'))
            .join(''),
        );
      }),
  },
  {
    name: 'challenge-service-json',
    of: [
      'src/edge/dialects/challenge-service/challenge.ts',
      'src/edge/dialects/challenge-service/devices.ts',
      'src/edge/dialects/challenge-service/parts.ts',
    ],
    longest,
    seeds: () => [
      ...linotpVectors.provider_request.map(({ body_text }) => Buffer.from(body_text)),
      Buffer.from(JSON.stringify({ address: { kind: 'fcm', value: 'abc:def' }, platform: 'android', owner: 'linotp' })),
      Buffer.from(
        JSON.stringify({
          address: { kind: 'apns', value: '<0123abcd 4567>' },
          publicKey: piVectors.edumfa.ec_phone_key.public_spki_base64,
        }),
      ),
    ],
    open: () => async (input) => {
      const reads = [ChallengeBody, DeviceBody].map((schema) => orRefused(() => taken(parsed(input, schema))));
      const [challenge = refused(), device = refused()] = await Promise.all(reads);
      return challenge.end === 'taken' || device.end === 'refused' ? challenge : { ...device, as: 'device' };
    },
  },
  {
    name: 'operator-json',
    of: ['src/edge/dialects/operator/parts.ts'],
    longest,
    seeds: () => ['{"user":"alice","at":"2026-03-01T10:00:00Z"}', '{"kind":"fcm","value":"F"}', '[]'].map((text) => Buffer.from(text)),
    open: () => {
      const question = z.strictObject({ user: z.string().trim().max(256).optional(), at: z.iso.datetime({ offset: true }).optional() });
      return (input) =>
        orRefused(async () => {
          const read = await readJson(fakeRequest({ body: input }), question);
          assert.ok(read.at === undefined || !Number.isNaN(Date.parse(read.at)), 'a moment that is none');
          return taken(read, Object.keys(read).join());
        });
    },
  },
  {
    name: 'audit-filter',
    of: [
      'src/edge/formats/management/audit-query.ts',
      'src/edge/dialects/privacyidea/audit-list.ts',
      'src/edge/dialects/privacyidea/tokens/paging.ts',
      'src/edge/dialects/privacyidea/tokens/validity-period.ts',
    ],
    longest: 16_384,
    seeds: () => [
      inputOf('user=alice&realm=corp&kind=login-started,token-administered&from=7d&until=2026-03-01T08:00:00Z&limit=10'),
      inputOf('serial=PIPU*&action=*POST%20/token/*&page=2&page_size=5&sortorder=asc'),
      inputOf('validity_period_start=2026-03-01T10:00%2B0100&validity_period_end=2026-03-02&page=1'),
    ],
    open: () => (input) =>
      orRefused(() => {
        const values = new Map(formFields(input, 'utf-8'));
        const asked = readAuditParams(Object.fromEntries(values), now);
        if (asked.ok) {
          const { from, until } = asked.value.query;
          assert.ok(
            [from, until].every((time) => time === undefined || Number.isFinite(time)),
            'a time that is none',
          );
        }
        const params = piParams(values);
        const page = pageOf(params, { name: 'page_size', most: 100 });
        assert.ok(page.limit >= 1 && page.limit <= 100 && page.offset >= 0 && Number.isSafeInteger(page.offset), JSON.stringify(page));
        const period = validityPeriod(params);
        assert.ok(
          Object.values(period).every((moment) => moment === null || Number.isFinite(moment)),
          'a moment that is none',
        );
        return taken([asked, auditQueryOf(params), page, period], asked.ok ? 'read' : asked.error.why.replace(/".*?"/s, '').slice(0, 30));
      }),
  },
  {
    name: 'path',
    of: ['src/edge/http/dispatch.ts'],
    longest: 16_384,
    seeds: () =>
      privacyideaPatterns.map(({ methods: [method = 'GET'], path }) => inputOf(method, `${path.replaceAll(/:[a-z_]+/g, 'a%2Fb')}?x=1`)),
    open: () => {
      const routes = privacyideaPatterns.map((pattern) => ({
        ...pattern,
        handle: (ctx: ReturnType<typeof fakeRequest>) => {
          ctx.body = { ...ctx.params };
        },
      }));
      const serve = ['utf-8', 'latin-1'].map((encoding) =>
        dispatch(
          [{ path: '/', dialect: 'privacyidea', routes, fallback: piFallback(product), ...(encoding === 'latin-1' ? { encoding } : {}) }],
          {
            onDefect: (_ctx, error) => {
              throw error;
            },
            underWay: async (ctx, handle) => handle(ctx),
          },
        ),
      );
      return async (input) => {
        const [method = '', target = ''] = fieldsOf(input, 2);
        const replies = serve.map(async (each) => {
          const ctx = fakeRequest({ method: /^[A-Z]+$/.exec(method)?.[0] ?? 'GET', target: targetText(Buffer.from(target)) });
          await each(ctx, async () => undefined);
          return { status: ctx.status, body: ctx.body };
        });
        const [here = { status: 0, body: '' }, inLatin1] = await Promise.all(replies);
        for (const reply of [here, inLatin1]) assert.ok([200, 400, 404, 405].includes(reply?.status ?? 0), String(reply?.status));
        return here.status === 200 ? taken(here.body, `found ${Object.keys(Object(here.body)).join()}`) : refused(String(here.status));
      };
    },
  },
];
