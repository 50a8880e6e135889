import assert from 'node:assert/strict';
import fc from 'fast-check';
import { linotpPatterns } from '../../../src/edge/dialects/linotp/index.ts';
import { linotpPhonePatterns } from '../../../src/edge/phones/linotp/index.ts';
import type { GatewayWishes } from '../../kit/gateway.ts';
import { givenLinotpGateway } from '../../kit/linotp-gateway.ts';
import { cleanup } from '../../kit/temporary.ts';
import { anyRequest, type FuzzedGateway, fuzz, openWire, sendAll, type WireReply, type WireRequest } from './requests.ts';

/** Forms that most routes get somewhere with. */
const login = { user: 'bob', realm: 'corp', pass: '1234', data: 'x', content_type: '0', transactionid: '11111111111111111' };
const sensible = { ...login, type: 'push', serial: 'BOBS', pin: '1234', name: 'cs', key: 'PushChallengeValidityTime', username: 'nobody' };
const loginRoutes = linotpPatterns.filter(({ path }) => path.startsWith('/validate/'));

describe(`Any request to a LinOTP mount (${fuzz.told})`, function () {
  this.timeout(300_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (policies: GatewayWishes['policies'] = []) => {
    // No limit of failures turns the requests away before they are looked at.
    const settings = { sourceFailures: 1_000_000, PushChallengeValidityTime: 600 };
    const gateway = await givenLinotpGateway(undo, { settings, policies });
    const wire = openWire(gateway.gateway.urls[0] ?? '');
    undo.later(() => wire.close());
    const shown = async (form: Record<string, string> = {}) => (await gateway.postAsAdmin('/admin/show', form)).json.result.value.data;
    return { ...gateway, wire, shown };
  };
  type Given = Awaited<ReturnType<typeof given>>;

  /** A login of alice that waits for her phone. */
  const waiting = async ({ active, post }: Given) => {
    const phone = await active('alice', { serial: 'ALICES' });
    const { json } = await post('/validate/check', { user: 'alice', pass: '1234', data: 'Log in?' });
    return { phone, id: String(json.detail.transactionid) };
  };

  it('of a stranger gets the reply of the dialect, and changes nothing', async () => {
    // given alice, whose phone is being asked
    const here = await given();
    const { phone, id } = await waiting(here);
    const before = await here.shown();
    // when anything at all is sent to any route, to those of phones with her serial and her transaction among it
    const servers = anyRequest(linotpPatterns, { known: [id], base: login });
    const answers = { transactionid: id, signature: 'A'.repeat(86), pairing_response: 'AQAAAAA'.repeat(20) };
    const phones = anyRequest(linotpPhonePatterns, { known: [phone.serial, id], base: answers });
    await sendTo(here, fc.oneof({ weight: 3, arbitrary: servers }, { weight: 1, arbitrary: phones }), {
      routes: [...linotpPatterns, ...linotpPhonePatterns],
      base: login,
    });
    // then her phone can still answer, and nothing was counted
    assert.deepEqual(await here.shown(), before);
    assert.equal((await phone.answer('ACCEPT', id)).json.result.value, true);
    const { json } = await here.post('/validate/check_status', { user: 'alice', pass: '1234', transactionid: id });
    assert.equal(json.detail.transactions[id].valid_tan, true);
  });

  it('of an administrator who sends anything gets the reply of the dialect, and changes nothing of others', async () => {
    const here = await given();
    const { phone } = await waiting(here);
    const before = await here.shown({ serial: phone.serial });
    // A logout would leave all requests after it without an administrator.
    const staying = linotpPatterns.filter(({ path }) => path !== '/admin/logout');
    await sendTo(here, anyRequest(staying, { headers: here.admin, base: sensible }), { routes: staying, base: sensible });
    assert.deepEqual(await here.shown({ serial: phone.serial }), before);
  });

  it('gets it under rules for clients that cannot poll, too', async () => {
    const here = await given([{ name: 'pam', actions: { push_without_data: true, otppin: 3 } }]);
    await here.active('bob', { serial: 'BOBS' });
    await sendTo(here, anyRequest(loginRoutes, { base: login }), { routes: loginRoutes, base: login }, 1 / 4);
  });

  const sendTo = (
    { wire, logged }: Given,
    requests: fc.Arbitrary<WireRequest>,
    to: Pick<FuzzedGateway, 'routes' | 'base'>,
    share?: number,
  ): Promise<void> => {
    const send = (request: WireRequest): Promise<WireReply> => wire.send({ ...request, path: `/linotp${request.path}` });
    return sendAll({ requests, ...to, mount: '/linotp', send, logged, check: assertReply }, share);
  };
});

/** The body is the dialect's envelope, a text or a picture of it, or the page that `httperror` asks for. */
function assertReply({ method }: WireRequest, { status, headers, text }: WireReply): void {
  const type = String(headers['content-type']);
  if (method === 'HEAD') assert.equal(text, '');
  else if (type.startsWith('text/html') && status >= 400) assert.match(text, /\[LinOTP 4\.0\.0\]/);
  else {
    // An administrator's name that was guessed for too often is not looked at for a while, from wherever.
    const isLater = status === 429 && headers['retry-after'] !== undefined;
    assert.ok(isLater || [200, 401, 404, 405].includes(status), `${status} ${text}`);
    if (type.startsWith('application/json')) assertEnvelope(status, JSON.parse(text));
    else assert.match(`${type} ${text}`, /^(?:image\/png |text\/html; charset=utf-8 (?::-|<))/);
  }
}

type Envelope = {
  id: number;
  jsonrpc: string;
  version: string;
  result: { status: boolean; value?: unknown; error?: { code: number; message: string } };
};

function assertEnvelope(status: number, body: Envelope | { error: string }): void {
  if ('error' in body) assert.ok([404, 405].includes(status), `${status} ${body.error}`);
  else {
    const { id, jsonrpc, version, result } = body;
    assert.deepEqual([jsonrpc, version, id === 0 || id === 1], ['2.0802', 'LinOTP 4.0.0', true]);
    assert.equal(typeof result.status, 'boolean');
    if ('error' in result)
      assert.deepEqual([result.status, typeof result.error?.code, typeof result.error?.message], [false, 'number', 'string']);
    else assert.ok('value' in result);
  }
}
