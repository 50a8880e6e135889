import assert from 'node:assert/strict';
import { record } from '../../src/foundation/model/index.ts';
import { seconds } from '../kit/clock.ts';
import type { GatewayWishes } from '../kit/gateway.ts';
import { givenLinotpGateway, type LinotpGateway, type LinotpPhone } from '../kit/linotp-gateway.ts';
import { linotpBody } from '../kit/linotp-server.ts';
import { cleanup } from '../kit/temporary.ts';

/** What is done at a gateway with every dialect, and the refusals that it tells: kind and reason of each. */
type Row = { why: string; wishes?: GatewayWishes; act(gateway: LinotpGateway): Promise<unknown>; told: [kind: string, reason: string][] };

const mounts = [
  { path: '/linotp', serves: 'linotp' },
  { path: '/', serves: 'privacyidea', publicPoll: true },
  { path: '/edumfa', serves: 'privacyidea', flavour: 'edumfa' },
  { path: '/', serves: 'challenge-service' },
  { path: '/', serves: 'ops' },
];
const paths = ['/', '/linotp', '/edumfa'];
const rule = (actions: object, match: object = {}) => ({ name: 'rule', match, actions });
const relay = ({ client }: LinotpGateway, gda = 'somebody', headers = {}) =>
  fetch(`${client.url}/v1/challenge`, { method: 'POST', headers, body: linotpBody('41234567890123456', gda, 'lseqr://push/AgAAAA') });
const login = { user: 'alice', pass: '1234' };
/** A LinOTP login that this phone has accepted. */
const acceptedBy = async ({ post }: LinotpGateway, phone: LinotpPhone): Promise<string> => {
  const { transactionid } = (await post('/validate/check', { ...login, data: 'x' })).json.detail;
  await phone.answer('ACCEPT', transactionid);
  return transactionid;
};
const accepted = async (gateway: LinotpGateway): Promise<string> => acceptedBy(gateway, await gateway.active('alice'));
/** A LinOTP login whose reply waits for this word of the phone. */
const waiting = async ({ post, pushed }: LinotpGateway, phone: LinotpPhone, word: 'ACCEPT' | 'DENY'): Promise<unknown> => {
  const before = pushed.length;
  const reply = post('/validate/check', login);
  while (pushed.length === before) await new Promise(setImmediate);
  await phone.answer(word);
  return reply;
};
const status = ({ post }: LinotpGateway, form: Record<string, string>) => post('/validate/check_status', { ...login, ...form });
const knocking = async ({ client, post }: LinotpGateway, headers = {}): Promise<void> => {
  for (const path of ['/validate/check', '/edumfa/validate/check']) await client.post(path, { user: 'alice', pass: '1234' }, headers);
  await post('/validate/check', { user: 'alice', pass: '1234' }, headers);
  await fetch(`${client.url}/v1/challenge`, { method: 'POST', headers, body: linotpBody('41234567890123456', 'gda', 'x') });
};
const four = (kind: string, reason: string): [string, string][] => Array.from({ length: 4 }, () => [kind, reason]);
const vpn = { name: 'vpn', mounts: paths, apiKeys: [{ $env: 'KEY' }], rights: ['check'] };
const withKeys = (...authServers: object[]): GatewayWishes => ({
  more: { authServers },
  environment: { KEY: 'k'.repeat(32), OTHER: 'o'.repeat(32) },
});
const key = { 'x-api-key': 'k'.repeat(32) };

const logins: Row[] = [
  {
    why: 'a wrong PIN',
    async act({ client, phoneOf }) {
      await phoneOf('alice');
      await client.post('/validate/check', { user: 'alice', pass: '9' });
    },
    told: [['login-refused', 'wrong-pin']],
  },
  {
    why: 'a user without a push token',
    act: (g) => g.client.post('/validate/check', { user: 'nobody', pass: '1234' }),
    told: [['login-refused', 'no-token']],
  },
  {
    why: 'a transaction that there is not',
    async act({ client, phoneOf }) {
      await phoneOf('alice');
      await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: '0123' });
    },
    told: [['login-refused', 'unknown-transaction']],
  },
  {
    why: 'a wrong PIN by serial',
    act: async (g) => g.client.post('/validate/check', { serial: (await g.phoneOf('alice')).serial, pass: '1' }),
    told: [['login-refused', 'wrong-pin']],
  },
  {
    why: 'a serial that nobody has',
    act: (g) => g.client.post('/validate/check', { serial: 'PIPU9', pass: '1' }),
    told: [['login-refused', 'no-token']],
  },
  {
    why: 'a realm that there is not, in every dialect',
    async act({ client, post, admin }) {
      const form = { user: 'alice', realm: 'nowhere', pass: '1234' };
      await client.post('/validate/check', form);
      await client.post('/edumfa/validate/check', form);
      await client.post('/validate/triggerchallenge', form, admin);
      await post('/validate/check', form);
    },
    told: four('login-refused', 'unknown-user'),
  },
  {
    why: 'an enrolment that somebody wants to skip who may not log in',
    wishes: { policies: [rule({ authorized: 'deny_access' })] },
    act: ({ client }) => client.post('/validate/check', { transaction_id: '0123', cancel_enrollment: '1' }),
    told: [['login-refused', 'denied']],
  },
  {
    why: 'a user who would have to enrol, where no policy says how',
    wishes: { more: { policies: [rule({ passOnNoToken: true, enroll_via_multichallenge: 'push' })] } },
    act: ({ client }) => client.post('/validate/check', { user: 'alice', pass: '' }),
    told: [['login-refused', 'undeliverable']],
  },
  {
    why: 'a relayed challenge that no policy allows',
    wishes: { policies: [rule({ authorized: 'deny_access' })] },
    act: (g) => relay(g),
    told: [['login-refused', 'denied']],
  },
  {
    why: 'a relayed challenge without a credential',
    wishes: { policies: [rule({ api_key_required: true })] },
    act: (g) => relay(g),
    told: [['login-refused', 'no-credential']],
  },
  {
    why: 'a relayed challenge for nobody',
    async act(gateway) {
      await gateway.rules(rule({ push_provider: ['poll'] }));
      await relay(gateway);
    },
    told: [['login-refused', 'no-token']],
  },
  {
    why: 'a relayed challenge that nobody takes',
    async act(gateway) {
      gateway.pushService(500);
      await relay(gateway);
    },
    told: [['login-refused', 'undeliverable']],
  },
  {
    why: 'a poll of LinOTP with another pass, and one about another user',
    async act(gateway) {
      const transactionid = await accepted(gateway);
      await status(gateway, { transactionid, pass: '9999' });
      await status(gateway, { transactionid, user: 'bob' });
      await status(gateway, { transactionid });
    },
    told: [
      ['login-refused', 'wrong-pin'],
      ['login-refused', 'unknown-transaction'],
    ],
  },
  {
    why: 'a poll of LinOTP for a user who may log in no more',
    async act(gateway) {
      const transactionid = await accepted(gateway);
      await gateway.rules(rule({ authorized: 'deny_access' }));
      await status(gateway, { transactionid });
    },
    told: [['login-refused', 'denied']],
  },
  {
    why: 'a poll of LinOTP for a push token that was disabled',
    async act(gateway) {
      const transactionid = await accepted(gateway);
      await gateway.postAsAdmin('/admin/disable', { user: 'alice' });
      await status(gateway, { transactionid });
    },
    told: [['login-refused', 'unusable-token']],
  },
  {
    why: 'a poll of LinOTP whose login is one too many',
    async act(gateway) {
      const phone = await gateway.active('alice');
      const both = [await acceptedBy(gateway, phone), await acceptedBy(gateway, phone)];
      await gateway.rules(rule({ auth_max_success: '1/10m' }));
      for (const transactionid of both) await status(gateway, { transactionid });
    },
    told: [['login-refused', 'too-often']],
  },
  {
    why: 'users of LinOTP who are passed on at the same moment, and too often',
    wishes: { policies: [rule({ passOnNoToken: true, auth_max_success: '1/10m' })] },
    act: ({ post }) => Promise.all([1, 2].map(() => post('/validate/check', { user: 'alice', pass: '' }))),
    told: [['login-refused', 'too-often']],
  },
  {
    why: 'a login of LinOTP that waits, and is declined',
    async act(gateway) {
      const phone = await gateway.active('alice');
      await gateway.rules(rule({ push_wait: 30 }));
      await waiting(gateway, phone, 'DENY');
    },
    told: [['login-refused', 'not-answered']],
  },
  {
    why: 'logins of LinOTP that wait at the same moment, and are one too many',
    async act(gateway) {
      const phones = [await gateway.active('alice', { serial: 'KIPT1' }), await gateway.active('alice', { serial: 'KIPT2', pin: '4711' })];
      await gateway.rules(rule({ push_wait: 30, auth_max_success: '1/10m' }));
      const known = new Set(gateway.pushed.map(({ transactionId }) => transactionId));
      const replies = ['1234', '4711'].map((pass) => gateway.post('/validate/check', { user: 'alice', pass }));
      while (gateway.pushed.filter(({ transactionId }) => !known.has(transactionId)).length < 2) await new Promise(setImmediate);
      for (const phone of phones) await phone.answer('ACCEPT');
      await Promise.all(replies);
    },
    told: [['login-refused', 'too-often']],
  },
  {
    why: 'a second leg of LinOTP for a transaction that there is not',
    act: ({ post }) => post('/validate/check', { ...login, transactionid: '12345678901234567' }),
    told: [['login-refused', 'unknown-transaction']],
  },
];

const callers: Row[] = [
  { why: 'callers whom nobody knows', wishes: withKeys(vpn), act: (g) => knocking(g), told: four('caller-refused', 'unknown-caller') },
  {
    why: 'callers with a wrong key',
    wishes: withKeys(vpn),
    act: (g) => knocking(g, { 'x-api-key': 'x' }),
    told: four('caller-refused', 'wrong'),
  },
  {
    why: 'callers who may only ask how it went',
    wishes: withKeys({ ...vpn, rights: ['poll'] }),
    act: (g) => knocking(g, key),
    told: four('caller-refused', 'no-right'),
  },
  {
    why: 'a poll for which nobody has to be known',
    wishes: withKeys(vpn),
    act: ({ client }) => client.get('/validate/polltransaction', { transaction_id: '12345678901234567890' }),
    told: [],
  },
  {
    why: 'an auth server that wants the device of another one',
    wishes: withKeys({ ...vpn, rights: ['trigger'] }, { name: 'web', mounts: ['/'], apiKeys: [{ $env: 'OTHER' }] }),
    async act({ client }) {
      const put = (headers: Record<string, string>) =>
        fetch(`${client.url}/v1/devices/gda-1`, {
          method: 'PUT',
          headers,
          body: JSON.stringify({ address: { kind: 'fcm', value: 'phone' } }),
        });
      assert.equal((await put(key)).status, 200);
      assert.equal((await put({ 'x-api-key': 'o'.repeat(32) })).status, 403);
    },
    told: [['caller-refused', 'not-theirs']],
  },
];

const administering = async ({ client, post }: LinotpGateway, headers: Record<string, string>): Promise<void> => {
  await client.get('/token/', {}, headers);
  await client.get('/edumfa/token/', {}, headers);
  await fetch(`${client.url}/ops/accounts`, { headers });
  await post('/admin/show', {}, headers);
};
const helpdesk = { name: 'helpdesk', scope: 'admin', actions: { enable: true } };

const administrators: Row[] = [
  {
    why: 'administrative calls without a token',
    act: (g) => administering(g, {}),
    told: [...four('administration-refused', 'no-token').slice(1), ['administration-refused', 'forged']],
  },
  {
    why: 'administrative calls with a token that is none',
    act: (g) => administering(g, { authorization: 'none' }),
    told: four('administration-refused', 'malformed'),
  },
  {
    why: 'administrators whose token has ended',
    async act(gateway) {
      gateway.clock.advance(seconds(3601));
      await administering(gateway, gateway.admin);
    },
    told: four('administration-refused', 'expired'),
  },
  {
    why: 'administrators who want more than policies give',
    wishes: { policies: [helpdesk] },
    act: (g) => administering(g, g.admin),
    told: four('administration-refused', 'no-right'),
  },
  {
    why: 'an administrator who may not register devices',
    wishes: { policies: [helpdesk] },
    act: ({ client, admin }) =>
      fetch(`${client.url}/v1/devices/gda-1`, { method: 'DELETE', headers: { authorization: `Bearer ${admin.authorization}` } }),
    told: [['administration-refused', 'no-right']],
  },
  {
    why: 'a push token more than a user may have, in both dialects, and one that is assigned',
    wishes: { policies: [{ name: 'one each', scope: 'enrollment', actions: { max_token_per_user: 1 } }] },
    async act({ client, admin, postAsAdmin, phoneOf }) {
      await phoneOf('alice');
      const form = { type: 'push', genkey: '1', pin: '1234' };
      await client.post('/token/init', { ...form, user: 'alice' }, admin);
      await postAsAdmin('/admin/init', { type: 'push', user: 'alice', pin: '1234' });
      const { body } = await client.post('/token/init', form, admin);
      await client.post('/token/assign', { serial: body.detail.serial, user: 'alice' }, admin);
    },
    told: four('administration-refused', 'too-many-tokens').slice(1),
  },
  {
    why: 'what is done elsewhere: policies, providers and settings by calls of LinOTP, and infos that privacyIDEA reads',
    async act({ client, admin, postAsAdmin, phoneOf }) {
      await postAsAdmin('/system/setPolicy', { name: 'x' });
      await postAsAdmin('/system/setConfig', { a: 'b' });
      await postAsAdmin('/system/getProviderDef', { type: 'push' });
      const { serial } = await phoneOf('alice');
      await client.post(`/token/info/${serial}/count_auth_max`, { value: '1' }, admin);
    },
    told: four('administration-refused', 'not-here'),
  },
  {
    why: 'an administrator who would leave none behind',
    act: ({ client, admin }) => fetch(`${client.url}/ops/accounts/admin`, { method: 'DELETE', headers: admin }),
    told: [['administration-refused', 'last-account']],
  },
  {
    why: 'an administrator with a wrong password',
    async act({ client, post }) {
      await client.post('/auth', { username: 'admin', password: 'wrong' });
      await post('/admin/login', { username: 'admin', password: 'wrong' });
    },
    told: [
      ['administrator-refused', ''],
      ['administrator-refused', ''],
    ],
  },
];

describe('Whatever is refused is told', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const kinds: unknown[] = ['login-refused', 'caller-refused', 'administration-refused', 'administrator-refused'];
  for (const { why, wishes = {}, act, told } of [...logins, ...callers, ...administrators]) {
    it(`has an event for ${why}`, async () => {
      const gateway = await givenLinotpGateway(undo, { mounts, ...wishes });
      await act(gateway);
      await gateway.gateway.settled();
      const lines = gateway.logged.filter(({ event }) => kinds.includes(event));
      assert.deepEqual(
        lines.map(({ event, reason = '' }) => [event, reason]),
        told,
      );
      // and each says from where it came, and nothing that was typed
      for (const line of lines) assert.equal(record(line.origin ?? line.by ?? line).client, '127.0.0.1', JSON.stringify(line));
      assert.doesNotMatch(JSON.stringify(lines), /9999|1234"|"pass"|oooo|kkkk/);
    });
  }

  it('counts logins that are refused, by auth server and reason', async () => {
    const { client } = await givenLinotpGateway(undo, { mounts });
    await client.post('/validate/check', { user: 'nobody', pass: '1234' });
    const metrics = await (await fetch(`${client.url}/metrics`)).text();
    assert.match(metrics, /pushgate_logins_refused_total\{auth_server="local",reason="no-token"\} 1/);
  });
});
