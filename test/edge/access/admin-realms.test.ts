import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { givenGateway } from '../../kit/gateway.ts';
import { cleanup } from '../../kit/temporary.ts';

const mounts = [
  { path: '/', serves: 'privacyidea' },
  { path: '/linotp', serves: 'linotp' },
  { path: '/', serves: 'ops' },
];
const rights = [
  'tokenlist',
  'enable',
  'disable',
  'delete',
  'setpin',
  'set',
  'setrandompin',
  'assign',
  'unassign',
  'settokeninfo',
  'tokenrealms',
];
const more = ['enrollPUSH', 'triggerchallenge', 'getchallenges', 'cancelchallenge', 'operate', 'auditlog'];
const all = Object.fromEntries([...rights, ...more].map((name) => [name, true]));
const callbacks = {
  name: 'callbacks',
  actions: { pushtoken_pairing_callback_url: 'https://x.example/validate/pair' },
};

describe('Administrators with rights in one realm', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /**
   * The helpdesk has all rights on push tokens of corp, the account `admin` on all. One push token in corp, one
   * in guests, one in none.
   */
  const given = async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const gateway = await givenGateway(undo, {
      mounts,
      environment: { KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString() },
      policies: [
        { name: 'helpdesk for corp', scope: 'admin', match: { adminRealm: ['helpdesk'], realm: ['corp'] }, actions: all },
        { name: 'admin', scope: 'admin', match: { user: ['admin@'] }, actions: all },
        callbacks,
      ],
      more: { trustedJwts: [{ publicKey: { $env: 'KEY' }, algorithm: 'ES256', role: 'admin', realm: 'helpdesk', username: '.*' }] },
    });
    const { client, clock, logged } = gateway;
    const claims = { role: 'admin', realm: 'helpdesk', username: 'admin', exp: Math.floor(clock() / 1000) + 3600 };
    const authorization = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
    const [corp, guests] = [await gateway.phoneOf('alice'), await gateway.phoneOf('gustav', { realm: 'guests' })];
    const { body } = await client.post('/token/init', { type: 'push', genkey: '1' }, gateway.admin);
    const serials = { corp: corp.serial, guests: guests.serial, none: String(body.detail.serial) };
    const as = { helpdesk: { authorization }, admin: gateway.admin };
    const post = async (path: string, form: Record<string, string>, who: keyof typeof as = 'helpdesk') => {
      const reply = await client.post(path, form, as[who]);
      return reply.body.result.error?.code ?? reply.body.result.value;
    };
    const refusals = () => logged.filter(({ event }) => event === 'administration-refused').map(({ act, reason }) => [act, reason]);
    return { ...gateway, corp, guests, serials, as, post, refusals };
  };

  it('change push tokens of that realm, and none of another or of no realm', async () => {
    const { serials, post, refusals } = await given();
    const calls: [path: string, form: Record<string, string>, act: string][] = [
      ['/token/disable', {}, 'disable'],
      ['/token/setpin', { otppin: '4711' }, 'setpin'],
      ['/token/set', { description: 'x', pin: '1234' }, 'set'],
      ['/token/setrandompin', {}, 'setrandompin'],
    ];
    for (const [path, form, act] of calls) {
      assert.notEqual(await post(path, { ...form, serial: serials.corp }), 303, path);
      for (const serial of [serials.guests, serials.none]) {
        assert.equal(await post(path, { ...form, serial }), 303, path);
        assert.deepEqual(refusals().at(-1), [act, 'no-right']);
      }
    }
    // and the administrator of that name without a realm may do it all
    assert.equal(await post('/token/disable', { serial: serials.guests }, 'admin'), 1);
  });

  it('enrol and assign for its users alone', async () => {
    const { serials, post } = await given();
    assert.equal(await post('/token/init', { type: 'push', genkey: '1', user: 'bob' }), true);
    assert.equal(await post('/token/init', { type: 'push', genkey: '1', user: 'bob', realm: 'guests' }), 303);
    assert.equal(await post('/token/init', { type: 'push', genkey: '1' }), 303);
    assert.equal(await post('/token/init', { type: 'push', genkey: '1', rollover: '1', serial: serials.guests }), 303);
    assert.equal(await post('/token/assign', { serial: serials.none, user: 'bob', realm: 'guests' }), 303);
    assert.equal(await post('/token/assign', { serial: serials.none, user: 'bob' }), true);
    // a push token that was another realm's stays out of reach without its owner
    assert.equal(await post('/token/unassign', { serial: serials.guests }, 'admin'), 1);
    assert.equal(await post('/token/assign', { serial: serials.guests, user: 'bob' }), 303);
  });

  it('see its push tokens alone, page by page, in either dialect', async () => {
    const { client, serials, as } = await given();
    const listed = async (who: keyof typeof as) => {
      const { count, tokens } = (await client.get('/token/', {}, as[who])).body.result.value;
      return [count, tokens.map(({ serial }: { serial: string }) => serial)];
    };
    assert.deepEqual(await listed('helpdesk'), [1, [serials.corp]]);
    assert.equal((await listed('admin'))[0], 3);
    const shown = JSON.parse(await (await fetch(`${client.url}/linotp/admin/show`, { headers: as.helpdesk })).text());
    assert.deepEqual(
      shown.result.value.data.map((row: Record<string, unknown>) => row['LinOtp.TokenSerialnumber']),
      [serials.corp],
    );
  });

  it('trigger, see and cancel its challenges alone', async () => {
    const { client, serials, as, post } = await given();
    assert.equal(await post('/validate/triggerchallenge', { user: 'alice' }), 1);
    assert.equal(await post('/validate/triggerchallenge', { user: 'gustav', realm: 'guests' }), 303);
    assert.equal(await post('/validate/triggerchallenge', { user: 'gustav', realm: 'guests' }, 'admin'), 1);
    const open = async (serial: string, who: keyof typeof as = 'helpdesk') =>
      (await client.get(`/token/challenges/${serial}`, {}, as[who])).body.result.value.challenges.map(
        ({ transaction_id }: { transaction_id: string }) => transaction_id,
      );
    const [ofGuests] = await open(serials.guests, 'admin');
    assert.deepEqual([(await open(serials.corp)).length, (await open(serials.guests)).length], [1, 0]);
    const cancel = async (id: string) =>
      (await client.send(`/token/challenges/transaction/${id}`, { method: 'DELETE', headers: as.helpdesk })).status;
    assert.deepEqual([await cancel(ofGuests), await cancel((await open(serials.corp))[0])], [403, 200]);
    assert.equal((await client.send('/token/challenges/expired', { method: 'DELETE', headers: as.helpdesk })).status, 403);
  });

  it('are restricted to it at LinOTP’s mount as well', async () => {
    const { client, serials, as } = await given();
    const post = async (path: string, form: Record<string, string>) =>
      JSON.parse(
        await (
          await fetch(`${client.url}/linotp${path}`, { method: 'POST', headers: as.helpdesk, body: new URLSearchParams(form) })
        ).text(),
      );
    assert.equal((await post('/admin/disable', { serial: serials.corp })).result.value, 1);
    assert.equal((await post('/admin/disable', { serial: serials.guests })).result.error.code, 410);
    assert.equal((await post('/admin/init', { type: 'push', user: 'bob', realm: 'guests' })).result.error.code, 410);
    assert.equal((await post('/admin/init', { type: 'push', user: 'bob' })).result.value, true);
  });

  it('get no right on the gateway itself, and see the rights that they have in some realm', async () => {
    const { client, as } = await given();
    const statusOf = async (path: string) => (await fetch(`${client.url}${path}`, { headers: as.helpdesk })).status;
    assert.deepEqual([await statusOf('/ops/providers'), await statusOf('/audit/'), await statusOf('/token/')], [403, 403, 200]);
  });
});
