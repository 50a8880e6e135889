import assert from 'node:assert/strict';
import { readQrPicture } from '../../../../../src/virtual-phone/index.ts';
import { minutes, seconds } from '../../../../kit/clock.ts';
import type { GatewayWishes } from '../../../../kit/gateway.ts';
import { piPhone } from '../../../../kit/pi-phone.ts';
import { cleanup } from '../../../../kit/temporary.ts';
import type { Rest, RestReply } from '../given.ts';
import { givenManagers, problemOf } from './given.ts';

const limits = { name: 'two', scope: 'enrollment', actions: { max_token_per_user: 2 } };

describe('Push tokens of the REST interface', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (wishes: GatewayWishes = {}) => {
    const world = await givenManagers(undo, wishes);
    /** A phone that scans the link of a rollout. */
    const scans = async ({ body }: RestReply, address = 'no_firebase_token') => {
      const credential = new URL(body.link).searchParams.get('enrollment_credential') ?? '';
      const phone = piPhone(world.client, { serial: body.serial, credential, clock: world.clock });
      return { phone, reply: await phone.rollout({ fbtoken: address }) };
    };
    const enrolled = async (user: string, by: Rest = world.by.shop, address?: string) => {
      const made = await by('POST /v1/tokens', { user });
      assert.equal(made.status, 201, made.text);
      const { phone, reply } = await scans(made, address);
      assert.equal(reply.status, 200, reply.text);
      return phone;
    };
    return { ...world, scans, enrolled };
  };

  it('are enrolled by the QR code of a rollout, and then accept what is asked', async () => {
    const { by, scans, clock } = await given();
    // given a rollout for a user
    const made = await by.shop('POST /v1/tokens', { user: 'alice', pin: '2718', description: 'Phone of Alice' });
    assert.equal(made.status, 201, made.text);
    const { serial, link, qr, expiresAt } = made.body;
    assert.equal(made.headers.get('location'), `/rest/v1/tokens/${serial}`);
    assert.equal(Date.parse(expiresAt), clock() + minutes(10));
    assert.deepEqual(readQrPicture(Buffer.from(qr.png.split(',')[1], 'base64')), { ok: true, value: link });
    const waiting = await by.shop(`GET /v1/tokens/${serial}`);
    assert.deepEqual([waiting.body.state, waiting.body.enabled, waiting.body.user, waiting.body.hasPin], ['offered', false, 'alice', true]);
    assert.equal(waiting.body.description, 'Phone of Alice');
    // when a phone scans it
    const { phone, reply } = await scans(made);
    assert.equal(reply.status, 200, reply.text);
    // then it answers a challenge
    const asked = await by.shop('POST /v1/challenges', { serial, mode: 'confirm' });
    assert.equal(asked.status, 201, asked.text);
    await phone.answer((await phone.poll()).body.result.value.at(-1).nonce);
    assert.equal((await by.shop(`POST /v1/challenges/${asked.body.id}/consume`, {})).body.serial, serial);
    const read = await by.shop(`GET /v1/tokens/${serial}`);
    assert.deepEqual([read.body.state, read.body.enabled, read.body.logins], ['enrolled', true, 1]);
  });

  it('show the QR code as the caller asks', async () => {
    const { by } = await given();
    const [svg, text] = await Promise.all(['svg', 'text'].map((qr) => by.shop(`POST /v1/tokens?qr=${qr}`, { user: 'alice' })));
    assert.deepEqual(Object.keys(svg?.body.qr), ['svg']);
    assert.match(svg?.body.qr.svg, /^<svg [^>]+><rect [^>]+fill="#fff"\/><path /);
    assert.match(text?.body.qr.text, /^█+\n/);
    assert.equal(problemOf(await by.shop('POST /v1/tokens?qr=gif', { user: 'alice' })), '400 invalid-request');
  });

  it('are offered again to another phone, with the same serial', async () => {
    const { by, enrolled, scans } = await given();
    const former = await enrolled('alice');
    const renewed = await by.shop(`POST /v1/tokens/${former.serial}/renew`, {});
    assert.deepEqual([renewed.status, renewed.body.serial, renewed.body.user], [200, former.serial, 'alice']);
    assert.equal((await by.shop(`GET /v1/tokens/${former.serial}`)).body.state, 'offered');
    assert.equal((await scans(renewed)).reply.status, 200);
    assert.equal((await by.shop(`GET /v1/tokens/${former.serial}`)).body.state, 'enrolled');
  });

  it('of other apps are not offered again', async () => {
    const { by, client, admin } = await given({ mounts: [{ path: '/edumfa', serves: 'privacyidea', flavour: 'edumfa' }] });
    const { body } = await client.post('/edumfa/token/init', { type: 'push', genkey: '1', user: 'alice' }, admin);
    assert.equal(problemOf(await by.shop(`POST /v1/tokens/${body.detail.serial}/renew`, {})), '409 conflict');
  });

  it('are listed by what is asked, page by page', async () => {
    const { by, enrolled, clock } = await given();
    const alice = await enrolled('alice');
    clock.advance(seconds(1));
    const bob = await by.shop('POST /v1/tokens', { user: 'bob' });
    const guest = await enrolled('carol', (call, body) => by.lobby(call, { ...(body as object), realm: 'guests' }));
    const serials = async (query: string, rest = by.shop) =>
      (await rest(`GET /v1/tokens${query}`)).body.tokens.map(({ serial }: { serial: string }) => serial);
    const own = [alice.serial, bob.body.serial].sort();
    assert.deepEqual(await serials(''), own);
    assert.deepEqual(await serials('', by.admin), [...own, guest.serial].sort());
    assert.deepEqual(await serials('', by.lobby), [guest.serial]);
    for (const [query, found] of [
      ['?user=alice', [alice.serial]],
      ['?user=AL*', [alice.serial]],
      ['?state=offered', [bob.body.serial]],
      [`?serial=${alice.serial}`, [alice.serial]],
      ['?realm=corp', own],
      ['?realm=guests', []],
      ['?user=carol%40guests', []],
      ['?realm=nosuch', []],
    ] as const)
      assert.deepEqual(await serials(query), found, query);
    // page by page, each push token once, even when one of the page before is deleted
    const first = await by.shop('GET /v1/tokens?limit=1');
    assert.deepEqual([first.body.tokens.length, first.body.next], [1, own[0]]);
    await by.shop(`DELETE /v1/tokens/${own[0]}`);
    const second = await by.shop(`GET /v1/tokens?limit=1&cursor=${first.body.next}`);
    assert.deepEqual([second.body.tokens[0].serial, second.body.next], [own[1], undefined]);
  });

  it('are disabled, enabled, reset, given a PIN and deleted, and each act is told with the auth server', async () => {
    const { by, enrolled, client, gateway, logged } = await given();
    const { serial } = await enrolled('alice');
    const at = `/v1/tokens/${serial}`;
    assert.equal((await by.shop(`POST ${at}/disable`)).body.enabled, false);
    assert.equal((await by.shop('POST /v1/challenges', { serial })).body.reason, 'unusable-token');
    assert.equal((await by.shop(`POST ${at}/enable`)).body.enabled, true);
    assert.equal((await by.shop(`PUT ${at}/pin`, { pin: '3141' })).body.hasPin, true);
    await client.post('/validate/check', { user: 'alice', pass: 'wrong' });
    assert.equal((await by.shop(`GET ${at}`)).body.failures, 1);
    assert.equal((await by.shop(`POST ${at}/reset`)).body.failures, 0);
    assert.equal((await by.shop(`PUT ${at}/pin`, { pin: '' })).body.hasPin, false);
    assert.equal((await by.shop(`DELETE ${at}`)).status, 204);
    assert.equal(problemOf(await by.shop(`GET ${at}`)), '404 not-found');
    await gateway.settled();
    const acts = logged.filter(({ event }) => event === 'token-administered').map(({ act, by: who }) => [act, who]);
    const told = ['offer', 'disable', 'enable', 'set-pin', 'reset', 'set-pin', 'delete'];
    assert.deepEqual(
      acts.map(([act]) => act),
      told,
    );
    for (const [, who] of acts) assert.match(JSON.stringify(who), /"authServer":"shop"/);
    assert.doesNotMatch(JSON.stringify(logged), /3141/);
  });

  it('that wait for their phone are not enabled', async () => {
    const { by } = await given();
    const { body } = await by.shop('POST /v1/tokens', { user: 'alice' });
    const refused = await by.shop(`POST /v1/tokens/${body.serial}/enable`);
    assert.deepEqual([problemOf(refused), refused.body.state], ['409 conflict', 'offered']);
  });

  it('show the addresses of the phone by id only, which can be added and removed', async () => {
    const { by, enrolled, logged, gateway } = await given();
    const { serial } = await enrolled('alice', by.shop, 'DEVICE-TOKEN-1');
    const at = `/v1/tokens/${serial}/addresses`;
    const [first] = (await by.shop(`GET ${at}`)).body.addresses;
    assert.equal(first.kind, 'fcm');
    const added = await by.shop(`POST ${at}`, { kind: 'fcm', value: 'DEVICE-TOKEN-2' });
    assert.equal(added.status, 201, added.text);
    const read = await by.shop(`GET /v1/tokens/${serial}`);
    assert.deepEqual(
      read.body.addresses.map(({ id }: { id: string }) => id),
      [first.id, added.body.id],
    );
    assert.equal((await by.shop(`DELETE ${at}/${first.id}`)).status, 204);
    assert.equal(problemOf(await by.shop(`DELETE ${at}/${first.id}`)), '404 not-found');
    assert.equal(problemOf(await by.shop(`POST ${at}`, { kind: 'webpush', value: 'nonsense' })), '400 invalid-request');
    for (let index = 0; index < 7; index += 1) await by.shop(`POST ${at}`, { kind: 'gda', value: `gda-${index}` });
    assert.equal(problemOf(await by.shop(`POST ${at}`, { kind: 'gda', value: 'gda-9' })), '409 conflict');
    await gateway.settled();
    assert.doesNotMatch(read.text + added.text + JSON.stringify(logged), /DEVICE-TOKEN/);
  });

  it('tell nobody what is secret: not in a reply, the log or the audit', async () => {
    const { by, scans, logged, gateway } = await given();
    const made = await by.shop('POST /v1/tokens', { user: 'alice', pin: '271828' });
    await scans(made);
    const [listed, read] = [await by.shop('GET /v1/tokens'), await by.shop(`GET /v1/tokens/${made.body.serial}`)];
    await gateway.settled();
    const audit = await by.shop('GET /v1/audit');
    const credential = new URL(made.body.link).searchParams.get('enrollment_credential') ?? '';
    assert.equal(credential.length, 40);
    for (const text of [listed.text, read.text, audit.text, JSON.stringify(logged)]) {
      assert.ok(!text.includes(credential), text);
      assert.doesNotMatch(text, /271828|pinHash|privateKey|digest/);
    }
  });

  it('are limited per user by policies', async () => {
    const { by } = await given({ policies: [limits] });
    const make = () => by.shop('POST /v1/tokens', { user: 'alice' });
    assert.deepEqual([(await make()).status, (await make()).status], [201, 201]);
    const refused = await make();
    assert.deepEqual([problemOf(refused), refused.body.reason], ['409 conflict', 'too-many-tokens']);
  });

  it('need the policies of an enrolment', async () => {
    const url = 'https://x.example.com/ttype/push';
    const rule = { name: 'url', match: { user: ['alice'] }, actions: { push_registration_url: url } };
    const provider = { name: 'provider', actions: { push_firebase_configuration: 'poll only' } };
    const { by } = await given({ more: { policies: [rule, provider] } });
    const made = await by.shop('POST /v1/tokens', { user: 'alice' });
    assert.equal(new URL(made.body.link).searchParams.get('url'), url);
    const refused = await by.shop('POST /v1/tokens', { user: 'bob' });
    assert.equal(problemOf(refused), '500 config-invalid');
    assert.match(refused.body.detail, /push_registration_url/);
  });

  /** Every call about one push token, and what it sends. */
  const calls: [call: string, body?: object][] = [
    ['GET /v1/tokens/SERIAL'],
    ['POST /v1/tokens/SERIAL/enable', {}],
    ['POST /v1/tokens/SERIAL/disable', {}],
    ['POST /v1/tokens/SERIAL/reset', {}],
    ['POST /v1/tokens/SERIAL/renew', {}],
    ['PUT /v1/tokens/SERIAL/pin', { pin: '1' }],
    ['GET /v1/tokens/SERIAL/addresses'],
    ['POST /v1/tokens/SERIAL/addresses', { kind: 'fcm', value: 'x' }],
    ['DELETE /v1/tokens/SERIAL/addresses/0123456789ab'],
    ['DELETE /v1/tokens/SERIAL'],
    ['GET /v1/limits?serial=SERIAL'],
    ['DELETE /v1/limits/SERIAL'],
  ];

  it('of another realm look like missing ones, at every call', async () => {
    const { by, enrolled, gateway, logged } = await given();
    const { serial } = await enrolled('alice');
    for (const [call, body] of calls) {
      const foreign = await by.lobby(call.replace('SERIAL', serial), body);
      const unknown = await by.lobby(call.replace('SERIAL', 'PIPU00000000'), body);
      assert.deepEqual(
        [problemOf(foreign), foreign.text.replaceAll(serial, '')],
        ['404 not-found', unknown.text.replaceAll('PIPU00000000', '')],
        call,
      );
    }
    for (const user of ['alice', 'alice@corp', 'nobody@corp', 'nobody@nosuch'])
      assert.equal(problemOf(await by.lobby('POST /v1/tokens', { user })), '404 not-found', user);
    assert.equal((await by.shop(`GET /v1/tokens/${serial}`)).body.enabled, true);
    await gateway.settled();
    const told = logged.filter(({ event }) => event === 'administration-refused');
    assert.equal(told.length, calls.length, 'each try is told');
  });

  it('are managed only with the right, and from nowhere without a credential of its own', async () => {
    const { by, enrolled, rest } = await given();
    const { serial } = await enrolled('alice');
    const all: typeof calls = [...calls, ['GET /v1/tokens'], ['POST /v1/tokens', { user: 'alice' }]];
    for (const [call, body] of all) {
      const called = call.replace('SERIAL', serial);
      assert.equal(problemOf(await by.kiosk(called, body)), '403 not-allowed', call);
      assert.equal(problemOf(await rest(called, body, { key: 'x'.repeat(40) })), '401 not-authenticated', call);
    }
  });

  describe('refuse bad input, naming the field and the rule', () => {
    const rows: [call: string, body: object | undefined, fields: string[]][] = [
      ['POST /v1/tokens', {}, ['/user']],
      ['POST /v1/tokens', { user: 'alice', type: 'hotp' }, ['/type']],
      ['POST /v1/tokens', { user: 'alice', serial: 'X' }, ['/serial']],
      ['POST /v1/tokens', { user: 'alice', description: 'x'.repeat(81) }, ['/description']],
      ['POST /v1/tokens', { user: 'alice', pin: 'x'.repeat(1025) }, ['/pin']],
      ['PUT /v1/tokens/SERIAL/pin', {}, ['/pin']],
      ['POST /v1/tokens/SERIAL/enable', { force: true }, ['/force']],
      ['POST /v1/tokens/SERIAL/addresses', { kind: 'sms', value: '' }, ['/kind', '/value']],
      ['GET /v1/tokens?limit=0&state=lost', undefined, ['/state', '/limit']],
      ['GET /v1/tokens?user=a&user=b', undefined, ['/user']],
      ['GET /v1/tokens?offset=1', undefined, ['/offset']],
    ];
    it('each of them', async () => {
      const { by, enrolled } = await given();
      const { serial } = await enrolled('alice');
      for (const [call, body, fields] of rows) {
        const reply = await by.shop(call.replace('SERIAL', serial), body);
        assert.equal(problemOf(reply), '400 invalid-request', call);
        const named = reply.body.errors.map(({ field }: { field: string }) => field);
        assert.deepEqual(named, fields, `${call}: ${reply.text}`);
      }
    });
  });
});
