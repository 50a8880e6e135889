import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import type { FakesOptions } from '../../src/fakes/index.ts';
import { fakeClock, minutes, seconds } from '../kit/clock.ts';
import { cleanup } from '../kit/temporary.ts';
import { type Came, givenClient, givenFakes, jwt } from './fakes-kit.ts';

const address = 'fcm:APA91bF5_8ldOZEm34ajCfNx7hZ9';
const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const messaging = 'https://www.googleapis.com/auth/firebase.messaging';
const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('The fake of FCM', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async ({ version = 1, ...options }: Partial<FakesOptions> & { version?: 1 | 2 } = {}) => {
    const clock = fakeClock();
    const { fakes, exchanges } = await givenFakes(undo, { clock, ...options });
    const post = await givenClient(undo, version);
    const account = JSON.parse(fakes.fcm.serviceAccount);
    const now = clock() / 1000;
    const claims = { iss: account.client_email, scope: messaging, aud: fakes.fcm.tokenUrl, iat: now, exp: now + 3600 };
    const header = { alg: 'RS256', typ: 'JWT', kid: account.private_key_id };
    type Change = { claims?: Record<string, unknown>; header?: Record<string, unknown>; key?: string; grant?: string; assertion?: string };
    const askToken = (change: Change = {}): Promise<Came> => {
      const assertion =
        change.assertion ?? jwt(change.key ?? account.private_key, { ...header, ...change.header }, { ...claims, ...change.claims });
      const body = new URLSearchParams({ grant_type: change.grant ?? grantType, assertion }).toString();
      return post({ url: fakes.fcm.tokenUrl, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body });
    };
    const token = async (change: Change = {}): Promise<string> => read(await askToken(change)).body.access_token;
    const bearer = await token();
    const send = async (body: unknown, { project = fakes.fcm.project, authorization = `Bearer ${bearer}` } = {}): Promise<Reply> => {
      const headers = { 'content-type': 'application/json', ...(authorization !== '' && { authorization }) };
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      return read(await post({ url: `${fakes.fcm.url}/v1/projects/${project}/messages:send`, headers, body: text }));
    };
    return { fakes, exchanges, clock, post, askToken, token, send };
  };

  for (const version of [1, 2] as const) {
    it(`accepts a message by HTTP/${version} and records it`, async () => {
      const { fakes, clock, send } = await given({ version });
      const message = { token: address, data: { nonce: 'abc' }, android: { priority: 'high', ttl: '120s', collapse_key: 'x' } };
      const { status, body } = await send({ message });
      assert.equal(status, 200);
      assert.match(body.name, /^projects\/pushgate-fakes\/messages\/0:\d+%[0-9a-f]{16}$/);
      assert.deepEqual(fakes.deliveries, [
        { fake: 'fcm', at: clock(), url: fakes.fcm.url, address, id: body.name, headers: {}, payload: message },
      ]);
    });
  }

  it('accepts names in camelCase too, and leaves the names in data unchanged', async () => {
    const { fakes, send } = await given();
    await send({ message: { token: address, data: { someKey: '1' }, android: { collapseKey: 'x', directBootOk: true } } });
    assert.deepEqual(fakes.deliveries[0]?.payload, {
      token: address,
      data: { someKey: '1' },
      android: { collapse_key: 'x', direct_boot_ok: true },
    });
  });

  it('accepts a dry run and delivers nothing', async () => {
    const { fakes, send } = await given();
    const { status, body } = await send({ message: { token: address }, validate_only: true });
    assert.deepEqual([status, body.name], [200, 'projects/pushgate-fakes/messages/fake_message_id']);
    assert.deepEqual(fakes.deliveries, []);
  });

  it("issues an access token for an hour, in Google's format", async () => {
    const { askToken } = await given();
    const { status, body } = read(await askToken());
    assert.equal(status, 200);
    assert.match(body.access_token, /^ya29\./);
    assert.deepEqual([body.expires_in, body.token_type], [3599, 'Bearer']);
  });

  const now = fakeClock()() / 1000;
  const shortLived = /short-lived token \(60 minutes\)/;
  const assertions: [what: string, change: object, error: string, description: RegExp][] = [
    ['an account it does not know', { claims: { iss: 'else@example.iam' } }, 'invalid_grant', /account not found/],
    ['a signature of another key', { key: otherKey }, 'invalid_grant', /^Invalid JWT Signature\.$/],
    ['the id of another key', { header: { kid: '1' } }, 'invalid_grant', /^Invalid JWT Signature\.$/],
    ['another algorithm', { header: { alg: 'PS256' } }, 'invalid_grant', /^Invalid JWT Signature\.$/],
    ['an audience that is not its URL', { claims: { aud: 'https://oauth2.googleapis.com/token' } }, 'invalid_grant', /audience/],
    ['an assertion that has ended', { claims: { iat: now - 3600, exp: now } }, 'invalid_grant', shortLived],
    ['an assertion for more than an hour', { claims: { exp: now + 3601 } }, 'invalid_grant', shortLived],
    ['an assertion from the future', { claims: { iat: now + 301, exp: now + 900 } }, 'invalid_grant', shortLived],
    ['an assertion without times', { claims: { iat: undefined, exp: undefined } }, 'invalid_grant', shortLived],
    ['no scope', { claims: { scope: undefined } }, 'invalid_scope', /scope/],
    ['what is no JWT', { assertion: 'a.b' }, 'invalid_grant', /^Invalid JWT/],
    ['another grant', { grant: 'password' }, 'unsupported_grant_type', /password/],
  ];
  for (const [what, change, error, description] of assertions) {
    it(`issues no access token for ${what}`, async () => {
      const { askToken } = await given();
      const { status, body } = read(await askToken(change));
      assert.deepEqual([status, String(body.error)], [400, error]);
      assert.match(body.error_description, description);
    });
  }

  it('refuses a missing, an invented and an expired token', async () => {
    const { fakes, clock, send } = await given();
    const message = { message: { token: address } };
    const missing = await send(message, { authorization: '' });
    const madeUp = await send(message, { authorization: 'Bearer ya29.x' });
    clock.advance(seconds(3600) - 1);
    const lastMoment = await send(message);
    clock.advance(1);
    const ended = await send(message);
    assert.deepEqual(
      [missing, madeUp, lastMoment, ended].map(({ status }) => status),
      [401, 401, 200, 401],
    );
    assert.deepEqual(
      [missing, madeUp, ended].map(({ body }) => [body.error.status, body.error.details[0]?.reason]),
      [
        ['UNAUTHENTICATED', 'CREDENTIALS_MISSING'],
        ['UNAUTHENTICATED', 'ACCESS_TOKEN_TYPE_UNSUPPORTED'],
        ['UNAUTHENTICATED', 'ACCESS_TOKEN_EXPIRED'],
      ],
    );
    assert.ok(![missing, madeUp, ended].some(({ body }) => errorCode(body)));
    assert.equal(fakes.deliveries.length, 1);
  });

  it('replies 403 without an FcmError to a token without the scope for messages', async () => {
    const { token, send } = await given();
    const narrow = await token({ claims: { scope: 'https://www.googleapis.com/auth/userinfo.email' } });
    const { status, body } = await send({ message: { token: address } }, { authorization: `Bearer ${narrow}` });
    assert.deepEqual([status, body.error.status, errorCode(body)], [403, 'PERMISSION_DENIED', undefined]);
  });

  it('replies 404 without an FcmError to an unknown project, and with UNREGISTERED for an uninstalled app', async () => {
    const { send } = await given({ devices: [{ address: 'gone', unregisteredSince: 0 }] });
    const project = await send({ message: { token: address } }, { project: 'typo' });
    const device = await send({ message: { token: 'gone' } });
    const dryRun = await send({ message: { token: 'gone' }, validate_only: true });
    assert.deepEqual(project.body, { error: { code: 404, message: 'Requested entity was not found.', status: 'NOT_FOUND' } });
    assert.deepEqual(device.body, {
      error: {
        code: 404,
        message: 'Requested entity was not found.',
        status: 'NOT_FOUND',
        details: [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: 'UNREGISTERED' }],
      },
    });
    assert.deepEqual([project.status, device.status, dryRun.status], [404, 404, 404]);
  });

  it('replies SENDER_ID_MISMATCH for the app of another project', async () => {
    const { send } = await given({ devices: [{ address: 'other', sender: 'other-project' }] });
    const { status, body } = await send({ message: { token: 'other' } });
    assert.deepEqual([status, body.error.status, errorCode(body)], [403, 'PERMISSION_DENIED', 'SENDER_ID_MISMATCH']);
  });

  const wrong: [what: string, message: unknown, field: string, description: RegExp][] = [
    ['a name that it does not know', { token: address, push: 1 }, 'message', /Unknown name "push" at 'message': Cannot find field/],
    ['one deeper down', { token: address, android: { Ttl: '1s' } }, 'message.android', /Unknown name/],
    ['data that is no text', { token: address, data: { a: 'x', b: 1 } }, 'message.data[1].value', /\(TYPE_STRING\), 1/],
    ['a ttl that is a number', { token: address, android: { ttl: 120 } }, 'message.android.ttl', /google\.protobuf\.Duration/],
    ['a ttl without its unit', { token: address, android: { ttl: '120' } }, 'message.android.ttl', /google\.protobuf\.Duration/],
    ['a priority that is none', { token: address, android: { priority: 'urgent' } }, 'message.android.priority', /AndroidMessagePriority/],
    ['a message that is none', 'text', 'message', /google\.firebase\.fcm\.v1\.Message/],
  ];
  for (const [what, message, field, description] of wrong) {
    it(`refuses ${what} as Google's front end does: a BadRequest, no FcmError`, async () => {
      const { send } = await given();
      const { status, body } = await send({ message });
      assert.deepEqual([status, body.error.status, errorCode(body)], [400, 'INVALID_ARGUMENT', undefined]);
      const [violation] = body.error.details[0]?.fieldViolations ?? [];
      assert.equal(violation?.field, field);
      assert.match(violation?.description ?? '', description);
    });
  }

  const meaningless: [what: string, message: object, field: string][] = [
    ['no recipient', { data: {} }, 'message'],
    ['two recipients', { token: address, topic: 'news' }, 'message'],
    ['the reserved key from', { token: address, data: { a: '1', from: 'x' } }, 'message.data[1].key'],
    ['a reserved key of google', { token: address, data: { 'google.c': 'x' } }, 'message.data[0].key'],
    ['a reserved key of gcm, for Android', { token: address, android: { data: { gcm: 'x' } } }, 'message.android.data[0].key'],
    ['the reserved key message_type', { token: address, data: { message_type: 'x' } }, 'message.data[0].key'],
    ['a ttl over four weeks', { token: address, android: { ttl: '2419201s' } }, 'message.android.ttl'],
    ['a ttl below zero', { token: address, android: { ttl: '-1s' } }, 'message.android.ttl'],
    ['4097 bytes', { token: address, data: { k: 'x'.repeat(4096) } }, 'message'],
    ['2049 bytes to a topic', { topic: 'news', data: { k: 'x'.repeat(2048) } }, 'message'],
  ];
  for (const [what, message, field] of meaningless) {
    it(`refuses ${what} with INVALID_ARGUMENT and the field`, async () => {
      const { send, fakes } = await given();
      const { status, body } = await send({ message });
      assert.deepEqual([status, body.error.status, errorCode(body)], [400, 'INVALID_ARGUMENT', 'INVALID_ARGUMENT']);
      assert.equal(body.error.details[0]?.fieldViolations[0]?.field, field);
      assert.deepEqual(fakes.deliveries, []);
    });
  }

  it('accepts the limits: 4096 bytes, four weeks, zero seconds', async () => {
    const { send } = await given();
    for (const message of [
      { token: address, data: { k: 'ü'.repeat(2047), l: '' } },
      { token: address, android: { ttl: '2419200s' } },
      { token: address, android: { ttl: '0s' } },
      { token: address, android: { ttl: '3.5s' } },
    ])
      assert.equal((await send({ message })).status, 200, JSON.stringify(message).slice(0, 80));
  });

  it('reports a malformed address in words only, as Google does', async () => {
    const { send } = await given();
    const { status, body } = await send({ message: { token: 'no address!' } });
    assert.deepEqual([status, errorCode(body)], [400, 'INVALID_ARGUMENT']);
    assert.equal(body.error.message, 'The registration token is not a valid FCM registration token');
  });

  it('refuses a body that is not JSON, and unknown paths', async () => {
    const { fakes, post, send } = await given();
    assert.equal((await send('{')).status, 400);
    const elsewhere = await post({ url: `${fakes.fcm.url}/v1/projects/p/messages`, body: '{}' });
    assert.equal('status' in elsewhere && elsewhere.status, 404);
    const got = await post({ url: `${fakes.fcm.url}/v1/projects/pushgate-fakes/messages:send`, method: 'GET', body: '' });
    assert.equal('status' in got && got.status, 404);
  });

  const codes: [status: number, reason: string | undefined, code: string | undefined, name: string][] = [
    [503, undefined, 'UNAVAILABLE', 'UNAVAILABLE'],
    [500, undefined, 'INTERNAL', 'INTERNAL'],
    [429, undefined, 'QUOTA_EXCEEDED', 'RESOURCE_EXHAUSTED'],
    [404, undefined, 'UNREGISTERED', 'NOT_FOUND'],
    [404, 'NOT_FOUND', undefined, 'NOT_FOUND'],
    [401, 'THIRD_PARTY_AUTH_ERROR', 'THIRD_PARTY_AUTH_ERROR', 'UNAUTHENTICATED'],
    [401, undefined, undefined, 'UNAUTHENTICATED'],
    [403, 'PERMISSION_DENIED', undefined, 'PERMISSION_DENIED'],
  ];
  for (const [status, reason, code, name] of codes) {
    it(`fails with ${status} ${reason ?? ''} in Google's words on request`, async () => {
      const { fakes, send } = await given();
      fakes.setFault({ status, ...(reason && { reason }), retryAfter: 7 });
      const reply = await send({ message: { token: address } });
      assert.deepEqual([reply.status, reply.body.error.status, errorCode(reply.body)], [status, name, code]);
      assert.equal(reply.headers['retry-after'], '7');
    });
  }

  it('fails at its OAuth endpoint only on explicit request', async () => {
    const { fakes, askToken, send } = await given();
    fakes.setFault({ endpoint: 'token', status: 500 });
    assert.equal(read(await askToken()).status, 500);
    assert.equal((await send({ message: { token: address } })).status, 200);
  });

  it('reports its result of each request, in one word', async () => {
    const { exchanges, send, clock } = await given();
    await send({ message: { token: address } });
    await send({ message: { token: address, topic: 'news' } });
    clock.advance(minutes(60));
    await send({ message: { token: address } });
    assert.deepEqual(
      exchanges.map(({ outcome, what, status }) => [outcome, what, status]),
      [
        ['answered', 'access token', 200],
        ['taken', 'sent', 200],
        ['refused', 'INVALID_ARGUMENT', 400],
        ['refused', 'UNAUTHENTICATED', 401],
      ],
    );
  });
});

type Detail = { reason: string; fieldViolations: { field: string; description: string }[] };
type Body = {
  name: string;
  access_token: string;
  expires_in: number;
  token_type: string;
  error_description: string;
  error: { code: number; message: string; status: string; details: Detail[] };
};
type Reply = { status: number; headers: Record<string, string>; body: Body };

function read(came: Came): Reply {
  assert.ok('status' in came, JSON.stringify(came));
  return { ...came, body: came.body.startsWith('{') ? JSON.parse(came.body) : {} };
}

const errorCode = ({ error }: { error: unknown }): string | undefined => /"errorCode":"(\w+)"/.exec(JSON.stringify(error))?.[1];
