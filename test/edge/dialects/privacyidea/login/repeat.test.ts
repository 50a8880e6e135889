import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { createKeyringFile } from '../../../../../src/foundation/keyring/index.ts';
import { seconds } from '../../../../kit/clock.ts';
import { type GivenGateway, givenGateway } from '../../../../kit/gateway.ts';
import { dropDatabase, givenMongo } from '../../../../kit/mongod.ts';
import { opsClient } from '../../../../kit/operator.ts';
import type { PiPhone } from '../../../../kit/pi-phone.ts';
import { givenRinging, type RingingGateway } from '../../../../kit/ringing.ts';
import { cleanup, temporaryFolder } from '../../../../kit/temporary.ts';

const home = '198.51.100.7';
const hers = { user: 'alice', pass: '1234', client: home };
type Form = Record<string, string>;

const repeating = (actions: object = {}) => ({ name: 'repeats', scope: 'authentication', actions: { push_repeat_window: 30, ...actions } });
const check = async ({ client }: Pick<GivenGateway, 'client'>, form: Form = hers, path = '/validate/check') =>
  (await client.post(path, form)).body;
const shown = async (phone: PiPhone): Promise<string[]> =>
  (await phone.poll()).body.result.value.map(({ nonce }: { nonce: string }) => nonce);
const said = async (login: ReturnType<typeof check>): Promise<string | undefined> => (await login).result.authentication;

/** The messages about logins in the log so far. */
const told = ({ logged }: Pick<GivenGateway, 'logged'>): string[] =>
  logged.flatMap(({ event }) => (event === 'login-started' || event === 'login-joined' ? String(event) : []));

/** Waits until so many logins have been started, with their pushes, or joined. */
async function begun(count: number, ...worlds: readonly GivenGateway[]): Promise<void> {
  const number = (kind: string): number => worlds.flatMap(({ logged }) => logged).filter(({ event }) => event === kind).length;
  const isBegun = () => worlds.flatMap(told).length >= count && number('push-delivered') >= number('login-started');
  while (!isBegun()) await turn();
}

describe('The same request again, while the first one waits for the phone', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (actions: object = {}, more: object[] = []): Promise<{ world: RingingGateway; phone: PiPhone }> => {
    const world = await givenRinging(undo, { policies: [repeating({ push_wait: 60, ...actions }), ...(more as [])] });
    return { world, phone: await world.ringingPhoneOf('alice') };
  };

  it('causes no push, and one yes accepts all four, and no later one', async () => {
    const { world, phone } = await given();
    // given a login, and three times the same
    const logins = [check(world)];
    await begun(1, world);
    for (let more = 0; more < 3; more += 1) logins.push(check(world));
    await begun(4, world);
    assert.deepEqual(told(world), ['login-started', 'login-joined', 'login-joined', 'login-joined']);
    assert.deepEqual([world.rings(), (await shown(phone)).length], [1, 1]);
    // when a fifth one comes, it causes a new push
    world.clock.advance(1);
    const fifth = check(world);
    await begun(5, world);
    const [first, second] = await shown(phone);
    assert.equal(world.rings(), 2);
    // then one yes is for the four, and the fifth one waits for its own
    await phone.answer(first ?? '');
    assert.deepEqual(await Promise.all(logins.map(said)), Array(4).fill('ACCEPT'));
    await phone.answer(second ?? '', { decline: true });
    assert.equal(await said(fifth), 'DECLINED');
    // and one login was finished, and counted
    await world.gateway.settled();
    assert.equal(world.logged.filter(({ event }) => event === 'login-finished').length, 1);
  });

  it('is refused with the first one by a no, which counts as one failure', async () => {
    const { world, phone } = await given();
    const logins = [check(world), check(world)];
    await begun(2, world);
    await phone.answer((await shown(phone))[0] ?? '', { decline: true });
    assert.deepEqual(await Promise.all(logins.map(said)), ['DECLINED', 'DECLINED']);
    await world.gateway.settled();
    const { body } = await world.client.get('/token/', { serial: phone.serial }, world.admin);
    assert.equal(body.result.value.tokens[0].failcount, 1);
    // and after that answer the same request causes a push again
    world.clock.advance(1);
    const again = check(world);
    await begun(3, world);
    assert.equal(world.rings(), 2);
    await phone.answer((await shown(phone)).at(-1) ?? '');
    assert.equal(await said(again), 'ACCEPT');
  });

  it('continues where the first client has hung up, as RADIUS clients do', async () => {
    const { world, phone } = await given();
    const gone = new AbortController();
    const body = new URLSearchParams(hers);
    const first = fetch(`${world.client.url}/validate/check`, { method: 'POST', body, signal: gone.signal });
    const ended = assert.rejects(first, { name: 'AbortError' });
    await begun(1, world);
    gone.abort();
    await ended;
    while (!world.logged.some(({ event }) => event === 'login-refused')) await turn();
    const again = check(world);
    await begun(2, world);
    assert.deepEqual([told(world).at(-1), world.rings()], ['login-joined', 1]);
    await phone.answer((await shown(phone))[0] ?? '');
    assert.equal(await said(again), 'ACCEPT');
  });

  it('ends at its own limit, and then the phone has nothing to answer', async () => {
    const { world, phone } = await given({ push_wait: 1 });
    const first = check(world);
    await begun(1, world);
    const second = check(world);
    await begun(2, world);
    assert.deepEqual([await said(first), await said(second)], ['REJECT', 'REJECT']);
    assert.deepEqual(await shown(phone), []);
  });

  it('causes a push again once the window is over', async () => {
    const { world } = await given();
    void check(world).catch(() => undefined);
    await begun(1, world);
    world.clock.advance(seconds(31));
    void check(world).catch(() => undefined);
    await begun(2, world);
    assert.deepEqual([told(world).at(-1), world.rings()], ['login-started', 2]);
  });

  it('asks no phone and joins no login with a wrong PIN', async () => {
    const { world } = await given();
    void check(world).catch(() => undefined);
    await begun(1, world);
    assert.equal((await check(world, { ...hers, pass: 'wrong' })).detail.message, 'wrong otp pin');
    assert.deepEqual(told(world), ['login-started']);
  });
});

describe('The same request again, without wait mode', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('gets the reply of the first one, and one finish wins', async () => {
    const presence = { push_require_presence: true };
    const world = await givenRinging(undo, { policies: [repeating(presence)] });
    const phone = await world.ringingPhoneOf('alice');
    const [{ detail }, { detail: again }] = [await check(world), await check(world)];
    const { threadid: _one, ...first } = detail;
    const { threadid: _other, ...second } = again;
    assert.deepEqual(second, first);
    assert.match(first.transaction_id, /^\d{20}$/);
    assert.equal(world.rings(), 1);
    await phone.answer((await shown(phone))[0] ?? '', { option: first.presence_answer });
    const finish = { user: 'alice', pass: '', transaction_id: first.transaction_id };
    assert.deepEqual([await said(check(world, finish)), await said(check(world, finish))], ['ACCEPT', 'REJECT']);
  });

  const cases: { title: string; actions?: object; policies?: object[]; pin?: string; first?: Form; second?: Form; path?: string }[] = [
    { title: 'comes from another client', second: { ...hers, client: '198.51.100.8' } },
    { title: 'names another user', second: { ...hers, user: 'bob' } },
    { title: 'opens another push token', second: { ...hers, pass: '5678' } },
    { title: 'is told from no client', first: { user: 'alice', pass: '1234' }, second: { user: 'alice', pass: '1234' } },
    {
      title: 'has another value of a named attribute',
      actions: { push_client_attributes: ['station'] },
      first: { ...hers, station: 'one' },
      second: { ...hers, station: 'two' },
    },
    {
      title: 'has other words on the phone by a policy',
      policies: ['one', 'two'].map((station) => ({
        name: station,
        scope: 'authentication',
        match: { conditions: [{ section: 'Request Data', key: 'station', comparator: 'equals', value: station }] },
        actions: { push_title_on_mobile: `Door ${station}` },
      })),
      first: { ...hers, station: 'one' },
      second: { ...hers, station: 'two' },
    },
    { title: 'asks by serial, whoever owns it', second: { serial: 'SERIAL', pass: '1234', client: home }, pin: '' },
    { title: 'needs an empty PIN', pin: '', first: { ...hers, pass: '' }, second: { ...hers, pass: '' } },
    { title: 'may have any PIN', policies: [{ name: 'any', scope: 'authentication', actions: { otppin: 'any' } }] },
    {
      title: 'needs no PIN',
      policies: [{ name: 'none', scope: 'authentication', actions: { otppin: 'none' } }],
      first: { ...hers, pass: '' },
      second: { ...hers, pass: '' },
    },
    { title: 'is met by no rule', actions: { push_repeat_window: 0 } },
  ];
  for (const { title, actions, policies = [], pin = '1234', first = hers, second = hers } of cases)
    it(`causes a push again where it ${title}`, async () => {
      const world = await givenRinging(undo, { policies: [repeating(actions), ...(policies as [])] });
      const phone = await world.ringingPhoneOf('alice', { pin });
      await world.ringingPhoneOf('alice', { pin: '5678' });
      await world.ringingPhoneOf('bob');
      await check(world, first);
      await check(world, JSON.parse(JSON.stringify(second).replace('SERIAL', phone.serial)));
      assert.ok(!told(world).includes('login-joined'));
    });

  it('does not join while logins are quiet, and gets the reply to a wrong PIN', async () => {
    const world = await givenRinging(undo, { policies: [repeating()], settings: { lockout: 'source', DefaultMaxFailCount: 2 } });
    const phone = await world.ringingPhoneOf('alice');
    const { detail } = await check(world);
    for (let guess = 0; guess < 2; guess += 1) await check(world, { ...hers, pass: `guess ${guess}` });
    const ids = [detail, (await check(world)).detail, (await check(world, { ...hers, pass: 'guess' })).detail].map(
      (each) => each.transaction_id,
    );
    assert.equal(new Set(ids).size, 3);
    await world.gateway.settled();
    assert.deepEqual([(await shown(phone)).length, world.rings(), told(world).includes('login-joined')], [2, 1, false]);
  });

  it('causes a push again when an administrator triggers it, whoever began the first', async () => {
    const world = await givenRinging(undo, { policies: [repeating()] });
    await world.ringingPhoneOf('alice');
    await check(world);
    await world.client.post('/validate/triggerchallenge', hers, world.admin);
    assert.deepEqual([told(world), world.rings()], [['login-started', 'login-started'], 2]);
  });

  it('joins by the attribute of RADIUS that a rule names', async () => {
    const policies = [repeating({ push_client_attributes: ['NAS-Identifier'] })];
    const world = await givenGateway(undo, { policies });
    await world.phoneOf('alice');
    const dialsIn = async (box: string): Promise<string> => {
      const all = { 'User-Name': 'alice', 'User-Password': '1234', 'NAS-Identifier': box };
      const body = JSON.stringify(Object.fromEntries(Object.entries(all).map(([name, value]) => [name, { value: [value] }])));
      const headers = { 'content-type': 'application/json' };
      const reply = await fetch(`${world.client.url}/radius/authenticate`, { method: 'POST', headers, body });
      return JSON.parse(await reply.text())['reply:State'].value[0];
    };
    const state = await dialsIn('box 1');
    assert.deepEqual([(await dialsIn('box 1')) === state, (await dialsIn('box 2')) === state], [true, false]);
  });

  it('never joins a login of another auth server', async () => {
    const authServers = ['one', 'two'].map((name) => ({ name, mounts: ['/'], apiKeys: [{ $env: name.toUpperCase() }] }));
    const environment = { ONE: 'key-of-one-0123456789abcdef', TWO: 'key-of-two-0123456789abcdef' };
    const world = await givenGateway(undo, {
      policies: [repeating()],
      environment,
      settings: { OverrideAuthorizationClient: '127.0.0.1' },
      more: { authServers },
    });
    await world.phoneOf('alice');
    for (const key of [environment.ONE, environment.TWO, environment.ONE])
      await world.client.post('/validate/check', hers, { authorization: `Bearer ${key}` });
    assert.deepEqual(told(world), ['login-started', 'login-started', 'login-joined']);
  });
});

describe('Two RADIUS servers behind one VPN box, each with its own gateway on one MongoDB', function () {
  this.timeout(60_000);
  const mongo = givenMongo();
  const undo = cleanup();
  afterEach(() => undo.run());

  it('ask the phone once, even at the same moment, and one yes accepts both', async () => {
    const database = mongo.database();
    undo.later(() => dropDatabase(mongo.url(), database));
    const keyring = join(temporaryFolder(undo), 'keyring.json');
    createKeyringFile(keyring, 0);
    const shared = {
      policies: [repeating({ push_wait: 60 })],
      settings: { OverrideAuthorizationClient: '127.0.0.1' },
      more: { store: { kind: 'mongodb', url: { $env: 'MONGODB_URL' }, database }, keyring: { $env: 'KEYRING' } },
      environment: { MONGODB_URL: mongo.url(), KEYRING: readFileSync(keyring, 'utf8') },
    };
    const [one, two] = [await givenRinging(undo, shared), await givenRinging(undo, shared)];
    const phone = await one.ringingPhoneOf('alice');
    const unanswered = async (): Promise<number[]> => {
      for (const { gateway } of [one, two]) await gateway.settled();
      const { body } = await opsClient(one.client.url, one.admin)('GET', '/ops/limits');
      return body.phones.map(({ unanswered: count }: { unanswered: number }) => count);
    };
    const windowMs = seconds(30);
    // given clocks that are half a second apart, in the middle of a window
    const middle = (Math.floor(one.clock() / windowMs) + 1.5) * windowMs;
    one.clock.advance(middle - one.clock());
    two.clock.advance(middle + 500 - two.clock());
    for (let round = 1; round <= 3; round += 1) {
      const logins = [check(one), check(two)];
      await begun(round * 2, one, two);
      const waiting = await shown(phone);
      assert.deepEqual([waiting.length, one.rings() + two.rings()], [1, round]);
      // and the prompt of the slightly later one does not count
      assert.deepEqual(await unanswered(), [1]);
      await phone.answer(waiting[0] ?? '');
      assert.deepEqual(await Promise.all(logins.map(said)), ['ACCEPT', 'ACCEPT']);
      for (const { clock, gateway } of [one, two]) {
        await gateway.settled();
        clock.advance(windowMs);
      }
    }
    const all = [...told(one), ...told(two)];
    assert.equal(all.filter((event) => event === 'login-joined').length, 3);
    // and one after the other, where the first gateway's clock is already in the next window
    one.clock.advance(windowMs / 2 - 100);
    two.clock.advance(windowMs / 2 - 200);
    const first = check(two);
    await begun(7, one, two);
    const second = check(one);
    await begun(8, one, two);
    await phone.answer((await shown(phone))[0] ?? '');
    assert.deepEqual([await said(first), await said(second), one.rings() + two.rings()], ['ACCEPT', 'ACCEPT', 4]);
  });
});
