import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { signedText } from '../../../../src/engine/relay/index.ts';
import { minutes, seconds } from '../../../kit/clock.ts';
import { cleanup } from '../../../kit/temporary.ts';
import { givenRelay, newId } from './given.ts';

type Keys = { publicKey: KeyObject; privateKey: KeyObject };
const spki = ({ publicKey }: Keys): string => publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const ed25519 = (): Keys => generateKeyPairSync('ed25519');
const fcm = (value: string) => ({ address: { kind: 'fcm', value } });

describe('A relay device', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A gateway, and the requests of a phone that sign with its key. */
  const given = async (wishes: Parameters<typeof givenRelay>[1] = {}) => {
    const relay = await givenRelay(undo, wishes);
    const signed = (keys: Keys, method: string, gda: string, path = '', body = '', at = relay.clock()) => {
      const data = signedText({ method, gda, at, body: Buffer.from(body) });
      const algorithm = keys.privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
      const headers = { 'pushgate-timestamp': String(at), 'pushgate-signature': sign(algorithm, data, keys.privateKey).toString('base64') };
      const request = { method, headers, ...(body === '' ? {} : { body }) };
      return { request, send: () => relay.ask(`/v1/devices/${encodeURIComponent(gda)}${path}`, request) };
    };
    const poll = (keys: Keys, gda: string, at?: number) => signed(keys, 'GET', gda, '/challenges', '', at).send();
    const dead = async (since: string | number = 0, over = {}) =>
      JSON.parse((await relay.ask(`/v1/devices/dead?since=${since}`, over)).text);
    return { ...relay, signed, poll, dead };
  };

  it('is registered, changed and deleted only by its auth server', async () => {
    const { put, ask, challenge, fakes, other } = await given();
    assert.equal((await put('DEADBEEF', fcm('one'))).status, 200);
    assert.equal((await put('DEADBEEF', fcm('two'))).status, 200);
    const theirs = await put('DEADBEEF', fcm('evil'), { client: other });
    assert.deepEqual([theirs.status, theirs.reason], [403, 'This gda is not a device of this auth server']);
    assert.equal((await ask('/v1/devices/DEADBEEF', { method: 'DELETE', client: other })).status, 403);
    await challenge(newId(), 'DEADBEEF');
    assert.deepEqual(
      fakes.deliveries.map(({ address }) => address),
      ['two'],
    );
    assert.equal((await ask('/v1/devices/DEADBEEF', { method: 'DELETE' })).status, 200);
    assert.equal((await challenge(newId(), 'DEADBEEF')).status, 404);
  });

  it('is not registered with a malformed address', async () => {
    const { put } = await given();
    const refused = await put('DEADBEEF', { address: { kind: 'apns', value: 'no hex' } });
    assert.deepEqual([refused.status, refused.reason], [400, 'Missing or wrong: address.value']);
    assert.equal((await put('DEADBEEF', { address: { kind: 'apns', value: `<${'ab'.repeat(32)}>` } })).status, 200);
  });

  it('of another auth server is unknown, even where the gda carries an address', async () => {
    const { put, challenge, fakes, other } = await given();
    await put('fcm:phone-1', fcm('phone-1'), { client: other });
    const reply = await challenge(newId(), 'fcm:phone-1');
    assert.deepEqual([reply.status, reply.reason, fakes.deliveries.length], [404, 'Unknown gda', 0]);
  });

  it('is registered by an administrator for an auth server', async () => {
    const { put, challenge, admin, ask } = await given();
    const headers = { authorization: `Bearer ${admin['PI-Authorization'] ?? admin.authorization ?? Object.values(admin)[0]}` };
    assert.equal((await put('DEADBEEF', fcm('one'), { headers })).status, 400, 'it must say whose it is');
    assert.equal((await put('DEADBEEF', { ...fcm('one'), owner: 'linotp' }, { headers })).status, 200);
    assert.equal((await challenge(newId(), 'DEADBEEF')).status, 200);
    assert.equal((await ask('/v1/devices/DEADBEEF?owner=linotp', { method: 'DELETE', headers })).status, 200);
  });

  it('is refused with invalid data', async () => {
    const { put } = await given();
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
    for (const body of [{ address: { kind: 'sms', value: '1' } }, { publicKey: 'x' }, { publicKey: spki(rsa) }, { color: 'red' }, []])
      assert.equal((await put('DEADBEEF', body)).status, 400, JSON.stringify(body));
  });

  for (const [what, make] of [
    ['Ed25519', ed25519],
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['EC', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ] as const) {
    it(`changes its own address by a signature of its ${what} key, and a replay of it has no effect`, async () => {
      const { put, signed, challenge, fakes, clock } = await given();
      const keys: Keys = make();
      await put('DEADBEEF', { ...fcm('one'), publicKey: spki(keys) });
      const old = signed(keys, 'PUT', 'DEADBEEF', '', JSON.stringify(fcm('two')));
      assert.equal((await old.send()).status, 200);
      clock.advance(seconds(1));
      assert.equal((await signed(keys, 'PUT', 'DEADBEEF', '', JSON.stringify(fcm('three'))).send()).status, 200);
      assert.equal((await old.send()).status, 401, 'the older one again');
      await challenge(newId(), 'DEADBEEF');
      assert.deepEqual(
        fakes.deliveries.map(({ address }) => address),
        ['three'],
      );
    });
  }

  it('gets the same error for every cause: unknown, without a key, another key, another body, out of time', async () => {
    const { put, ask, signed, clock } = await given();
    const [keys, others] = [ed25519(), ed25519()];
    await put('DEADBEEF', { ...fcm('one'), publicKey: spki(keys) });
    await put('KEYLESS', fcm('one'));
    const body = JSON.stringify(fcm('two'));
    const { request } = signed(keys, 'PUT', 'DEADBEEF', '', body);
    const replies = [
      await signed(keys, 'PUT', 'UNKNOWN', '', body).send(),
      await signed(keys, 'PUT', 'KEYLESS', '', body).send(),
      await signed(others, 'PUT', 'DEADBEEF', '', body).send(),
      await ask('/v1/devices/DEADBEEF', { ...request, body: JSON.stringify(fcm('three')) }),
      await ask('/v1/devices/DEADBEEF', { method: 'DELETE', headers: request.headers }),
      await ask('/v1/devices/DEADBEEF', { ...request, headers: { ...request.headers, 'pushgate-timestamp': 'now' } }),
      await ask('/v1/devices/DEADBEEF/challenges'),
      await signed(keys, 'PUT', 'DEADBEEF', '', body, clock() - minutes(2)).send(),
      await signed(keys, 'PUT', 'DEADBEEF', '', body, clock() + minutes(2)).send(),
    ];
    const seen = replies.map(({ status, reason, text }) => JSON.stringify([status, reason, text]));
    assert.deepEqual(
      [...new Set(seen)],
      [JSON.stringify([401, 'Not signed by the key of this device', 'Not signed by the key of this device\n'])],
    );
  });

  it('is refused by source address after too many wrong signatures', async () => {
    const { put, poll, clock } = await given({ settings: { sourceFailures: 3, sourceWindowMs: 60_000 } });
    const keys = ed25519();
    await put('DEADBEEF', { publicKey: spki(keys) });
    for (let n = 0; n < 3; n += 1) await poll(ed25519(), 'DEADBEEF');
    const turned = await poll(ed25519(), 'DEADBEEF');
    assert.deepEqual([turned.status, turned.reason], [429, 'Too many failed tries from this address; try again in 60 seconds.']);
    assert.equal((await poll(keys, 'UNKNOWN')).status, 429, 'which says nothing of the gda');
    assert.equal((await poll(keys, 'DEADBEEF')).status, 200, 'the right one is taken');
    clock.advance(minutes(2));
    assert.equal((await poll(keys, 'UNKNOWN')).status, 401);
  });

  it('without push polls its challenges, until they expire', async () => {
    const { put, poll, challenge, clock, fakes } = await given({ push_provider: ['poll', 'fcm'] });
    const keys = ed25519();
    await put('DEADBEEF', { publicKey: spki(keys) });
    await put('NOKEY', {});
    const id = newId();
    const queued = await challenge(id, 'DEADBEEF');
    assert.deepEqual([queued.status, queued.reason], [202, 'Waiting for the phone to ask']);
    assert.equal((await challenge(newId(), 'NOKEY')).status, 404, 'who cannot prove itself cannot ask');
    const waiting = async () => JSON.parse((await poll(keys, 'DEADBEEF')).text).challenges;
    const [first, ...more] = await waiting();
    assert.deepEqual([first.transactionId, first.challenge, more.length], [id, 'lseqr://push/AgAAAA', 0]);
    assert.equal(Date.parse(first.expiresAt) - clock(), seconds(150));
    clock.advance(seconds(150));
    assert.deepEqual(await waiting(), []);
    assert.equal(fakes.deliveries.length, 0);
  });

  it('finds a challenge that no provider accepted, unless a policy forbids polling', async () => {
    const allowed = await given();
    const keys = ed25519();
    allowed.fakes.setFault({ fake: 'fcm', status: 503 });
    await allowed.put('DEADBEEF', { ...fcm('one'), publicKey: spki(keys) });
    assert.equal((await allowed.challenge(newId(), 'DEADBEEF')).status, 202);
    const denied = await given({ actions: { push_allow_polling: 'deny' } });
    denied.fakes.setFault({ fake: 'fcm', status: 503 });
    await denied.put('DEADBEEF', { ...fcm('one'), publicKey: spki(keys) });
    assert.equal((await denied.challenge(newId(), 'DEADBEEF')).status, 503);
  });

  it('with a dead address appears in the reply and in the feed, and gets no push until it is registered anew', async () => {
    const { put, challenge, dead, fakes, clock, other } = await given();
    fakes.setDevice({ address: 'gone', unregisteredSince: 1 });
    await put('DEADBEEF', { ...fcm('gone'), platform: 'android' });
    const start = clock();
    for (const gda of ['DEADBEEF', 'fcm:gone']) {
      const reply = await challenge(newId(), gda);
      assert.deepEqual([reply.status, reply.reason], [410, 'The device address of this gda is dead']);
      clock.advance(seconds(10));
    }
    assert.equal((await challenge(newId(), 'DEADBEEF')).status, 410, 'without asking FCM again');
    const { devices, next } = await dead();
    assert.deepEqual(devices, [
      { gda: 'DEADBEEF', platform: 'android', kinds: ['fcm'], deadSince: new Date(start).toISOString() },
      { gda: 'fcm:gone', kinds: ['fcm'], deadSince: new Date(start + seconds(10)).toISOString() },
    ]);
    assert.deepEqual(
      (await dead(next)).devices.map(({ gda }: { gda: string }) => gda),
      ['fcm:gone'],
    );
    assert.deepEqual((await dead(0, { client: other })).devices, [], 'not for other auth servers');
    await put('DEADBEEF', fcm('new'));
    assert.equal((await challenge(newId(), 'DEADBEEF')).status, 200);
    assert.deepEqual((await dead()).devices.length, 1);
  });

  for (const since of ['9007199254740991', '8640000000000001', 'never', '-1x'])
    it(`is not listed since an invalid time: ${since}`, async () => {
      const { ask } = await given();
      const { status, reason } = await ask(`/v1/devices/dead?since=${since}`);
      assert.deepEqual([status, reason], [400, 'Missing or wrong: since']);
    });

  it('leaves no address in a log', async () => {
    const { put, challenge, logged, fakes } = await given();
    fakes.setDevice({ address: 'very-secret-token', unregisteredSince: 1 });
    await put('SECRETGDA', fcm('very-secret-token'));
    await challenge(newId(), 'SECRETGDA');
    assert.doesNotMatch(JSON.stringify(logged), /very-secret-token|SECRETGDA|lseqr/);
  });
});
