import assert from 'node:assert/strict';
import fc from 'fast-check';
import { privacyideaPatterns } from '../../../src/edge/dialects/privacyidea/index.ts';
import { pipushPatterns } from '../../../src/edge/phones/pipush/index.ts';
import { type GatewayWishes, type GivenGateway, givenGateway } from '../../kit/gateway.ts';
import { cleanup } from '../../kit/temporary.ts';
import { anyRequest, type FuzzedGateway, fuzz, openWire, sendAll, type WireReply, type WireRequest } from './requests.ts';

/** Forms that most routes get somewhere with. */
const login = { user: 'bob', realm: 'corp', pass: '1234', username: 'nobody', password: 'secret', transaction_id: '00012345678901234567' };
const sensible = { ...login, type: 'push', genkey: '1', serial: 'BOBS', pin: '1234', otppin: '4321', value: 'x' };
const loginRoutes = privacyideaPatterns.filter(({ path }) => path.startsWith('/validate/'));
const phoneRoutes = [...pipushPatterns, { methods: ['GET', 'POST'] as const, path: '/ttype/push' }];

describe(`Any request to a privacyIDEA mount (${fuzz.told})`, function () {
  this.timeout(300_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (policies: GatewayWishes['policies'] = []) => {
    // No limit of failures turns the requests away before they are looked at.
    const settings = { sourceFailures: 1_000_000, PushChallengeValidityTime: 600, OverrideAuthorizationClient: '127.0.0.1' };
    const gateway = await givenGateway(undo, { settings, policies });
    const wire = openWire(gateway.client.url);
    undo.later(() => wire.close());
    return { ...gateway, wire };
  };
  const tokensOf = async ({ client, admin }: GivenGateway) =>
    (await client.get('/token/', { pagesize: '50' }, admin)).body.result.value.tokens;

  it('of a stranger gets the reply of the dialect, and changes nothing', async () => {
    // given alice, whose phone is being asked
    const here = await given();
    const phone = await here.phoneOf('alice');
    const { id, nonce } = await here.challenge('alice', phone);
    const before = await tokensOf(here);
    // when anything at all is sent to any route, to those of phones with her serial and nonce among it
    const servers = anyRequest(privacyideaPatterns, { known: [id], base: login });
    const signed = { serial: phone.serial, nonce, signature: 'MFRGG===', timestamp: new Date(here.clock()).toISOString() };
    const phones = anyRequest(phoneRoutes, { known: [phone.serial, nonce, id], base: { ...signed, fbtoken: 'F', pubkey: 'MIIB' } });
    await sendTo(here, fc.oneof({ weight: 3, arbitrary: servers }, { weight: 1, arbitrary: phones }), {
      routes: [...privacyideaPatterns, ...pipushPatterns],
      base: login,
    });
    // then her phone can still answer, and nothing was counted
    assert.deepEqual(await tokensOf(here), before);
    assert.equal((await phone.answer(nonce)).body.result.value, true);
    const finished = await here.client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
    assert.equal(finished.body.result.authentication, 'ACCEPT');
  });

  it('of an administrator who sends anything gets the reply of the dialect, and changes nothing of others', async () => {
    const here = await given();
    const { serial } = await here.phoneOf('alice');
    const mine = async () => (await here.client.get('/token/', { serial }, here.admin)).body.result.value.tokens;
    const before = await mine();
    // A logout would leave all requests after it without an administrator.
    const staying = privacyideaPatterns.filter(({ path }) => path !== '/auth');
    await sendTo(here, anyRequest(staying, { headers: here.admin, base: sensible }), { routes: staying, base: sensible });
    assert.deepEqual(await mine(), before);
  });

  it('gets it under rules that look at the request and enrol its user, too', async () => {
    const zone = { section: 'Request Data', key: 'state', comparator: 'equals', value: '1' };
    const asked = { passOnNoToken: true, enroll_via_multichallenge: 'push', enroll_via_multichallenge_optional: true };
    const here = await given([
      { name: 'out', scope: 'authorization', match: { conditions: [zone] }, actions: { authorized: 'deny_access' } },
      { name: 'in', scope: 'authentication', match: { client: ['127.0.0.0/8', '2001:db8::/32'] }, actions: { ...asked } },
      { name: 'label', scope: 'enrollment', actions: { tokenlabel: '{user}@{realm} <u>', tokenissuer: '{user}' } },
      { name: 'types', scope: 'authorization', actions: { application_tokentype: true, tokentype: 'push', serial: '^P' } },
    ]);
    const base = { user: 'bob', pass: '1234' };
    await sendTo(here, anyRequest(loginRoutes, { base }), { routes: loginRoutes, base }, 1 / 20);
  });

  const sendTo = (
    { wire, logged }: Awaited<ReturnType<typeof given>>,
    requests: fc.Arbitrary<WireRequest>,
    to: Pick<FuzzedGateway, 'routes' | 'base'>,
    share?: number,
  ): Promise<void> => sendAll({ requests, ...to, send: wire.send, logged, check: assertReply }, share);
});

/** The status is one of the protocol's, and the body the dialect's envelope. */
function assertReply({ method, path }: WireRequest, { status, headers, text }: WireReply): void {
  // An administrator's name that was guessed for too often is not looked at for a while, from wherever.
  const isLater = status === 429 && headers['retry-after'] !== undefined;
  assert.ok(isLater || [200, 204, 400, 401, 403, 404, 405].includes(status), `${status} ${text}`);
  const isEmpty = method === 'HEAD' || status === 204 || (status === 400 && path.startsWith('/validate/radiuscheck'));
  if (isEmpty) assert.equal(text, '');
  else if (path.startsWith('/radius/')) assertRadius(text);
  else {
    assert.match(String(headers['content-type']), /^application\/json/, text);
    assertEnvelope(status, JSON.parse(text));
  }
}

/** What FreeRADIUS reads: attributes, or nothing but the status; a refused request has the envelope. */
function assertRadius(text: string): void {
  const body: Envelope | Record<string, unknown> = text === '' ? {} : JSON.parse(text);
  assert.ok('result' in body || Object.keys(body).every((name) => /^(reply|control):/.test(name)), text);
}

type Envelope = {
  id: number;
  jsonrpc: string;
  version: string;
  time: number;
  result: { status: boolean; value?: unknown; error?: { code: number; message: string } };
  detail?: { threadid: number };
};

function assertEnvelope(status: number, body: Envelope | { error: string }): void {
  if ('error' in body) assert.deepEqual([status, body], [404, { error: 'Not found' }]);
  else {
    const { id, jsonrpc, version, time, result, detail } = body;
    assert.deepEqual([jsonrpc, version, typeof time, result.status], ['2.0', 'privacyIDEA 3.14', 'number', status === 200]);
    if (status === 200) assert.deepEqual(['value' in result, 'error' in result, typeof (detail?.threadid ?? 0)], [true, false, 'number']);
    else assert.deepEqual([typeof result.error?.code, typeof result.error?.message, id], ['number', 'string', 1]);
  }
}
