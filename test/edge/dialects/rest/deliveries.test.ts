import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { givenFakes } from '../../../fakes/fakes-kit.ts';
import { minutes, seconds } from '../../../kit/clock.ts';
import { relayParts } from '../../../kit/relay.ts';
import { cleanup, temporaryFolder } from '../../../kit/temporary.ts';
import { givenRest, keys, type RestReply } from './given.ts';

const hex = 'ab'.repeat(32);
const fcm = (value: string, reference?: string) => ({ kind: 'fcm', value, reference });
const toPhone = (...addresses: object[]) => ({ to: { addresses }, payload: 'sealed text' });

/** The problem of a reply: its status and type, and its reason. */
const problemOf = ({ status, body }: RestReply): string =>
  [status, body.type.replace('urn:pushgate:problem:', ''), body.reason].filter((part) => part !== undefined).join(' ');
const outcomeOf = ({ status, body: { outcome, reason, provider } }: RestReply) => [status, outcome, reason, provider];

describe('Deliveries of the REST interface', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  let made = 0;
  const newKey = (): string => {
    made += 1;
    return `message-${made}`;
  };

  const givenShop = async (actions: object = { push_provider: ['fcm', 'apns', 'cs'] }) => {
    const { fakes } = await givenFakes(undo);
    const { providers } = await relayParts(temporaryFolder(undo), fakes);
    const world = await givenRest(undo, {
      policies: [{ name: 'pushes', match: { dialect: ['rest'] }, actions }],
      more: {
        providers: [
          ...providers,
          { name: 'poll', kind: 'poll-only', config: {} },
          { name: 'opaque', kind: 'firebase', config: { ...providers[0]?.config, mode: 'opaque' } },
        ],
        authServers: ['shop', 'stranger'].map((name) => ({
          name,
          mounts: ['/rest', '/cs'],
          ...(name === 'shop' ? { realms: ['corp'], networks: ['127.0.0.1/32'] } : {}),
          apiKeys: [{ $env: name.toUpperCase() }],
          rights: ['trigger', 'poll', 'deliver'],
        })),
      },
      mounts: [{ path: '/cs', serves: 'challenge-service' }],
    });
    const deliver = (body: unknown, key = newKey(), by: keyof typeof keys = 'shop') =>
      world.rest('POST /v1/deliveries', body, { key: keys[by], headers: { 'idempotency-key': key } });
    const feed = async (query = '', by: keyof typeof keys = 'shop') =>
      (await world.rest(`GET /v1/dead-addresses${query}`, undefined, { key: keys[by] })).body;
    const rang = () => fakes.deliveries.map(({ fake, address }) => `${fake} ${address}`);
    // biome-ignore lint/suspicious/noExplicitAny: a test asserts on every field that it touches
    const pushed = (): any => fakes.deliveries[0]?.payload;
    return { ...world, fakes, deliver, feed, rang, pushed };
  };

  it('push a payload to an address, and tell how', async () => {
    const { rest, pushed, deliver, clock } = await givenShop();
    const sent = await deliver({ ...toPhone(fcm('phone-1')), ttlSeconds: 30 }, 'message-of-mine');
    assert.deepEqual(outcomeOf(sent), [200, 'sent', undefined, 'fcm'], sent.text);
    const { data, android } = pushed();
    assert.deepEqual([data, android.ttl], [{ transactionId: 'message-of-mine', challenge: 'sealed text' }, '30s']);
    const { id, key, attempts, createdAt, expiresAt } = sent.body;
    assert.deepEqual([key, Date.parse(expiresAt) - Date.parse(createdAt)], ['message-of-mine', seconds(30)]);
    assert.deepEqual(attempts, [{ provider: 'fcm', outcome: 'sent', ms: attempts[0].ms }]);
    // and the outcome can be read for a day
    clock.advance(minutes(24 * 60) - 1);
    assert.deepEqual((await rest(`GET /v1/deliveries/${id}`)).body, sent.body);
    clock.advance(1);
    assert.equal(problemOf(await rest(`GET /v1/deliveries/${id}`)), '404 not-found');
  });

  const kinds: [address: object, rang: string][] = [
    [fcm('phone-1'), 'fcm phone-1'],
    [{ kind: 'apns', value: `<${hex.toUpperCase()}>` }, `apns ${hex}`],
    [{ kind: 'gda', value: 'DEADBEEF' }, 'challenge-service DEADBEEF'],
  ];
  for (const [address, expected] of kinds)
    it(`reach an address of each kind: ${expected.split(' ')[0]}`, async () => {
      const { deliver, rang } = await givenShop();
      assert.equal((await deliver(toPhone(address))).body.outcome, 'sent');
      assert.deepEqual(rang(), [expected]);
    });

  it('can have the format of another phone protocol: pipush shows title and question', async () => {
    const { deliver, pushed } = await givenShop();
    const fields = { title: 'ACME', question: 'Log in?', nonce: 'N' };
    assert.equal((await deliver({ ...toPhone(fcm('phone-1')), payload: JSON.stringify(fields), format: 'pipush' })).status, 200);
    const { data, notification } = pushed();
    assert.deepEqual([data, notification], [fields, { title: 'ACME', body: 'Log in?' }]);
  });

  it('go to the phone of a push token, by the policies of its owner and in the format of its app', async () => {
    const { deliver, rang, phoneOf, pushed, client, admin } = await givenShop({ push_provider: ['apns', 'fcm'] });
    const phone = await phoneOf('alice', {}, 'alices-phone');
    const body = { to: { serial: phone.serial }, payload: JSON.stringify({ title: 'ACME', nonce: 'N' }) };
    const sent = await deliver(body);
    assert.deepEqual([outcomeOf(sent), rang()], [[200, 'sent', undefined, 'fcm'], ['fcm alices-phone']]);
    assert.equal(pushed().notification.title, 'ACME');
    // but not to a foreign one, one out of service, or one that does not exist
    const guest = await phoneOf('bob', { realm: 'guests' }, 'bobs-phone');
    assert.equal(problemOf(await deliver({ ...body, to: { serial: guest.serial } })), '422 undeliverable unknown-phone');
    assert.equal((await deliver({ ...body, to: { serial: guest.serial } }, newKey(), 'stranger')).status, 200);
    await client.post('/token/disable', { serial: phone.serial }, admin);
    for (const serial of [phone.serial, 'PIPU00000000'])
      assert.equal(problemOf(await deliver({ ...body, to: { serial } })), '422 undeliverable unknown-phone');
    // and a phone that polls for its challenges is not shown what is no challenge
    assert.deepEqual((await guest.poll()).body.result.value, []);
  });

  it('go to a registered device by all its addresses, and wait for it where it may poll', async () => {
    const { deliver, rang, client, fakes } = await givenShop({ push_provider: ['fcm', 'poll'], push_allow_polling: 'allow' });
    const register = (body: object) =>
      fetch(`${client.url}/cs/v1/devices/DEADBEEF`, {
        method: 'PUT',
        body: JSON.stringify(body),
        headers: { authorization: `Bearer ${keys.shop}`, 'content-type': 'application/json' },
      });
    assert.equal((await register({ address: { kind: 'fcm', value: 'phone-1' } })).status, 200);
    const body = { to: { device: 'DEADBEEF' }, payload: 'sealed text' };
    assert.deepEqual([outcomeOf(await deliver(body)), rang()], [[200, 'sent', undefined, 'fcm'], ['fcm phone-1']]);
    const publicKey = 'MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';
    assert.equal((await register({ publicKey })).status, 200);
    fakes.setFault({ fake: 'fcm', status: 503 });
    assert.equal((await deliver(body)).body.outcome, 'queued');
    assert.equal(problemOf(await deliver(body, newKey(), 'stranger')), '422 undeliverable unknown-phone');
  });

  it('fail over to the next provider and address, and say so', async () => {
    const { deliver, fakes, rang } = await givenShop();
    fakes.setFault({ fake: 'fcm', status: 503 });
    const sent = await deliver(toPhone(fcm('phone-1'), { kind: 'apns', value: hex }));
    assert.deepEqual([outcomeOf(sent), rang()], [[200, 'sent', undefined, 'apns'], [`apns ${hex}`]]);
    assert.deepEqual(
      sent.body.attempts.map(({ provider, outcome, reason }: Record<string, string>) => [provider, outcome, reason]),
      [
        ['fcm', 'unavailable', 'server'],
        ['apns', 'sent', undefined],
      ],
    );
  });

  it('end within the deadline when a provider hangs, and may be tried again with the same key', async () => {
    const { deliver, fakes, rang } = await givenShop({ push_provider: ['fcm'], push_deadline_ms: 400 });
    fakes.setFault({ fake: 'fcm', hang: true });
    const start = performance.now();
    const late = await deliver(toPhone(fcm('phone-1')), 'again');
    assert.deepEqual(outcomeOf(late), [200, 'unavailable', 'timeout', 'fcm']);
    assert.ok(performance.now() - start < 2000);
    fakes.clearFaults();
    const sent = await deliver(toPhone(fcm('phone-1')), 'again');
    assert.deepEqual([sent.body.id, sent.body.outcome, sent.body.attempts.length], [late.body.id, 'sent', 2]);
    assert.deepEqual(rang(), ['fcm phone-1']);
  });

  it('are rejected with the reason of the provider', async () => {
    const { deliver, fakes } = await givenShop();
    fakes.setFault({ fake: 'fcm', status: 403, reason: 'SENDER_ID_MISMATCH' });
    const rejected = await deliver(toPhone(fcm('phone-1')));
    assert.deepEqual([rejected.status, rejected.body.outcome, rejected.body.provider], [200, 'rejected', 'fcm']);
    assert.equal(rejected.body.reason, rejected.body.attempts[0].reason);
  });

  it('use one provider of the plan where the caller wishes, and none beside the plan', async () => {
    const { deliver, rang } = await givenShop({ push_provider: ['fcm', 'apns'] });
    const both = toPhone(fcm('phone-1'), { kind: 'apns', value: hex });
    assert.equal((await deliver({ ...both, provider: 'apns' })).body.provider, 'apns');
    for (const provider of ['cs', 'nothing'])
      assert.equal(problemOf(await deliver({ ...both, provider })), '422 undeliverable no-provider', provider);
    assert.equal(problemOf(await deliver(toPhone({ kind: 'gda', value: 'x' }))), '422 undeliverable no-provider');
    assert.deepEqual(rang(), [`apns ${hex}`]);
  });

  it('use no provider that leaves the payload to a poll', async () => {
    const { deliver, rang } = await givenShop({ push_provider: ['poll', 'opaque'] });
    assert.equal(problemOf(await deliver(toPhone(fcm('phone-1')))), '422 undeliverable no-provider');
    assert.deepEqual(rang(), []);
  });

  it('leave neither the address nor the payload in the store and the log', async () => {
    const { deliver, folder, logged, gateway } = await givenShop();
    assert.equal((await deliver(toPhone(fcm('address-of-alice')))).status, 200);
    await gateway.settled();
    const stored = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
    assert.match(stored.join(), /message-\d+/);
    assert.doesNotMatch(`${stored.join()} ${JSON.stringify(logged)}`, /address-of-alice|sealed text/);
  });

  it('ring once per key, however often and early it is repeated, and another body is a conflict', async () => {
    const { deliver, rang } = await givenShop();
    const body = toPhone(fcm('phone-1'));
    const raced = await Promise.all([1, 2, 3, 4].map(() => deliver(body, 'one')));
    const later = await deliver(body, 'one');
    for (const reply of [...raced, later]) assert.deepEqual(reply.body, raced[0]?.body);
    assert.equal(raced.filter(({ headers }) => headers.get('idempotency-replayed') === null).length, 1);
    assert.equal(later.headers.get('idempotency-replayed'), 'true');
    const others = [
      toPhone(fcm('phone-2')),
      { ...body, payload: 'other' },
      { ...body, ttlSeconds: 9 },
      { ...body, to: { device: 'x' } },
      { ...body, to: { serial: 'x' } },
    ];
    for (const other of others) {
      const reply = await deliver(other, 'one');
      assert.deepEqual([problemOf(reply), reply.body.id], ['409 key-reused', raced[0]?.body.id], JSON.stringify(other));
    }
    assert.deepEqual(rang(), ['fcm phone-1']);
    // while the key of another auth server, and of a LinOTP mount, is another one
    assert.equal((await deliver(body, 'one', 'stranger')).status, 200);
    assert.equal(rang().length, 2);
  });

  it('may share an id with a challenge of the same auth server at a challenge-service mount', async () => {
    const { deliver, client, rang } = await givenShop();
    const challenge = { transactionId: '41227575594942494', gda: 'fcm:phone-2', challenge: 'x' };
    const headers = { authorization: `Bearer ${keys.shop}` };
    assert.equal((await deliver(toPhone(fcm('phone-1')), challenge.transactionId)).status, 200);
    const posted = await fetch(`${client.url}/cs/v1/challenge`, { method: 'POST', body: JSON.stringify({ challenge }), headers });
    assert.deepEqual([posted.status, rang()], [200, ['fcm phone-1', 'fcm phone-2']]);
  });

  it('to a dead address are gone, and the address is in the list of its auth server alone', async () => {
    const { deliver, fakes, feed, rest, clock, logged, rang } = await givenShop();
    for (const address of ['gone-1', 'gone-2']) fakes.setDevice({ address, unregisteredSince: 1 });
    const empty = await feed();
    assert.deepEqual(empty.deadAddresses, []);
    const dead = await deliver(toPhone(fcm('gone-1', 'phone of alice')), 'dead');
    assert.equal(problemOf(dead), '410 dead-address');
    assert.deepEqual(outcomeOf(await rest(`GET /v1/deliveries/${dead.body.id}`)), [200, 'rejected', 'dead-address', 'fcm']);
    assert.equal(problemOf(await deliver(toPhone(fcm('gone-1', 'phone of alice')), 'dead')), '410 dead-address');
    // and where another one of the phone is alive, that one is used
    clock.advance(minutes(1));
    const sent = await deliver(toPhone(fcm('gone-2'), { kind: 'apns', value: hex }));
    assert.deepEqual([sent.body.outcome, rang()], ['sent', [`apns ${hex}`]]);
    const all = await feed();
    const [first, second] = all.deadAddresses;
    assert.deepEqual([first.name, first.kinds, all.deadAddresses.length], ['phone of alice', ['fcm'], 2]);
    assert.match(second.name, /^name-[0-9a-f]{16}$/);
    assert.deepEqual((await feed(`?since=${second.deadSince}`)).deadAddresses, [second]);
    assert.deepEqual((await feed('', 'stranger')).deadAddresses, []);
    // and a cursor goes on where it ended, a little before the present
    assert.deepEqual((await feed(`?cursor=${all.next}`)).deadAddresses, [second]);
    clock.advance(seconds(5));
    const later = await feed(`?cursor=${all.next}`);
    assert.deepEqual((await feed(`?cursor=${later.next}`)).deadAddresses, []);
    // while no address is told in clear
    assert.doesNotMatch(JSON.stringify([logged, all]), /gone-|abababab|sealed text/);
  });

  it('mark a dead address of a push token there', async () => {
    const { deliver, fakes, phoneOf, feed, logged } = await givenShop();
    const phone = await phoneOf('alice', {}, 'gone');
    fakes.setDevice({ address: 'gone', unregisteredSince: 1 });
    const body = { to: { serial: phone.serial }, payload: '{}' };
    assert.equal(problemOf(await deliver(body)), '410 dead-address');
    // so that nobody tries it again, and it is told once
    assert.equal(problemOf(await deliver(body)), '410 dead-address');
    const told = logged.filter(({ event }) => event === 'address-dead').map(({ serial }) => serial);
    assert.deepEqual([told, (await feed()).deadAddresses], [[phone.serial], []]);
  });

  it('belong to the auth server that made them, and exist for nobody else', async () => {
    const { deliver, rest } = await givenShop();
    const { id } = (await deliver(toPhone(fcm('phone-1')))).body;
    const foreign = await rest(`GET /v1/deliveries/${id}`, undefined, { key: keys.stranger });
    const unknown = await rest('GET /v1/deliveries/12345678901234567890', undefined, { key: keys.stranger });
    assert.deepEqual([foreign.status, foreign.text], [404, unknown.text]);
    // and they are no challenges
    for (const call of [`GET /v1/challenges/${id}`, `POST /v1/challenges/${id}/cancel`])
      assert.equal(problemOf(await rest(call, call.startsWith('GET') ? undefined : {})), '404 not-found', call);
  });

  it('ring a phone only as often as policies allow, by each of its names', async () => {
    const { deliver, clock, rang, logged } = await givenShop({ push_provider: ['fcm', 'apns'], push_relays_per_device: '2/10m' });
    const apns = { kind: 'apns', value: hex };
    for (const body of [toPhone(fcm('phone-1')), toPhone(fcm('phone-1'), apns)]) assert.equal((await deliver(body)).status, 200);
    const refused = await deliver(toPhone(apns, fcm('phone-1')), 'third');
    assert.deepEqual([problemOf(refused), refused.headers.get('retry-after')], ['429 too-often', '600']);
    assert.equal((await deliver(toPhone(fcm('phone-2')))).status, 200);
    assert.equal(logged.filter(({ event, reason }) => event === 'login-refused' && reason === 'limited').length, 1);
    clock.advance(minutes(10));
    assert.equal((await deliver(toPhone(apns, fcm('phone-1')), 'third')).status, 200);
    assert.equal(rang().length, 4);
  });

  it('need the right, and a policy that does not forbid them', async () => {
    const { rest } = await givenRest(undo, {
      more: { authServers: [{ name: 'shop', mounts: ['/rest'], apiKeys: [{ $env: 'SHOP' }], rights: ['trigger'] }] },
    });
    for (const call of ['POST /v1/deliveries', 'GET /v1/deliveries/1', 'GET /v1/dead-addresses'])
      assert.equal(problemOf(await rest(call, call.startsWith('GET') ? undefined : {})), '403 not-allowed', call);
    const denied = await givenShop({ authorized: 'deny_access' });
    assert.equal(problemOf(await denied.deliver(toPhone(fcm('phone-1')))), '403 not-allowed');
  });

  const valid = toPhone(fcm('phone-1'));
  const rows: [title: string, body: unknown, fields: string[]][] = [
    ['nothing', {}, ['/to', '/payload']],
    ['no phone', { ...valid, to: {} }, ['/to']],
    ['two phones', { ...valid, to: { serial: 'PIPU1', device: 'x' } }, ['/to']],
    ['no address', { ...valid, to: { addresses: [] } }, ['/to/addresses']],
    ['nine addresses', { ...valid, to: { addresses: Array.from({ length: 9 }, (_, at) => fcm(`phone-${at}`)) } }, ['/to/addresses']],
    ['an unknown kind', toPhone({ kind: 'sms', value: 'x' }), ['/to/addresses/0/kind']],
    ['a broken address', toPhone(fcm('a b')), ['/to/addresses/0/value']],
    ['an unknown field in an address', toPhone({ ...fcm('x'), since: 1 }), ['/to/addresses/0/since']],
    ['an empty payload', { ...valid, payload: '' }, ['/payload']],
    ['a long payload', { ...valid, payload: 'ä'.repeat(1751) }, ['/payload']],
    ['a payload of another form', { ...valid, format: 'pipush' }, ['/payload']],
    ['an unknown format', { ...valid, format: 'sms' }, ['/format']],
    ['no time', { ...valid, ttlSeconds: 0 }, ['/ttlSeconds']],
    ['an unknown field', { ...valid, title: 'ACME' }, ['/title']],
  ];
  it('refuse bad input, naming the field and the rule', async () => {
    const { deliver, feed, fakes } = await givenShop();
    for (const [title, body, fields] of rows) {
      const reply = await deliver(body);
      assert.equal(problemOf(reply), '400 invalid-request', `${title}: ${reply.text}`);
      const named = reply.body.errors.map(({ field }: { field: string }) => field);
      assert.deepEqual(named, fields, `${title}: ${reply.text}`);
    }
    for (const key of ['', 'a b', 'x'.repeat(256)])
      assert.deepEqual(
        (await deliver(valid, key)).body.errors.map(({ field }: { field: string }) => field),
        ['/idempotency-key'],
        key,
      );
    for (const query of ['?since=yesterday', '?cursor=x', '?since=2026-01-01T00:00:00Z&cursor=MCA', '?limit=1'])
      assert.equal((await feed(query)).status, 400, query);
    assert.equal((await deliver({ ...valid, payload: 'ä'.repeat(1750) })).status, 200);
    assert.equal(fakes.deliveries.length, 1);
  });
});
