import assert from 'node:assert/strict';
import { minutes, seconds } from '../../../../kit/clock.ts';
import { type GatewayWishes, type GivenGateway, givenGateway } from '../../../../kit/gateway.ts';
import type { PiPhone } from '../../../../kit/pi-phone.ts';
import { givenRinging } from '../../../../kit/ringing.ts';
import { cleanup } from '../../../../kit/temporary.ts';

describe('A phone with too many challenges', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A gateway whose auth server passes on the address of the user; phones only poll, unless `ringing`. */
  const given = (wishes: GatewayWishes = {}): Promise<GivenGateway> =>
    givenGateway(undo, { ...wishes, settings: { OverrideAuthorizationClient: '127.0.0.1', ...wishes.settings } });
  const logsIn = async ({ client, clock }: GivenGateway, address: string, user = 'alice') => {
    clock.advance(1);
    return (await client.post('/validate/check', { user, pass: '1234', client: address })).body;
  };
  const shown = async (phone: PiPhone): Promise<string[]> =>
    (await phone.poll()).body.result.value.map(({ nonce }: { nonce: string }) => nonce);
  const statusOf = async ({ client }: GivenGateway, id: string) =>
    (await client.get('/validate/polltransaction', { transaction_id: id })).body.detail.challenge_status;
  /** Logs in from there, with the phone's yes. */
  const known = async (world: GivenGateway, phone: PiPhone, address: string): Promise<void> => {
    const { detail } = await logsIn(world, address);
    await phone.answer((await shown(phone)).at(-1) ?? '');
    const finish = { user: 'alice', pass: '', transaction_id: detail.transaction_id };
    assert.equal((await world.client.post('/validate/check', finish)).body.result.authentication, 'ACCEPT');
    await world.gateway.settled();
  };

  it('shows at most five logins, and the oldest makes room', async () => {
    const world = await given();
    const phone = await world.phoneOf('alice');
    const first = await logsIn(world, '198.51.100.1');
    for (let more = 0; more < 4; more += 1) await logsIn(world, '198.51.100.1');
    const [oldest, ...rest] = await shown(phone);
    assert.equal(rest.length, 4);
    // when one more comes
    await logsIn(world, '198.51.100.1');
    // then the oldest is gone from the phone, its login has ended, and an answer to it is refused
    const left = await shown(phone);
    assert.deepEqual([left.length, left.includes(oldest ?? '')], [5, false]);
    assert.equal((await phone.answer(oldest ?? '')).body.result.value, false);
    const finish = { user: 'alice', pass: '', transaction_id: first.detail.transaction_id };
    assert.equal((await world.client.post('/validate/check', finish)).body.result.authentication, 'REJECT');
    // and that was published and counted
    assert.equal(world.logged.filter(({ event }) => event === 'challenge-displaced').length, 1);
    const metrics = await (await fetch(`${world.client.url}/metrics`)).text();
    assert.match(metrics, /pushgate_challenges_displaced_total\{auth_server="local"\} 1/);
  });

  it('loses challenges of a stranger to a stranger, and not those of a known client', async () => {
    const world = await given();
    const phone = await world.phoneOf('alice');
    await known(world, phone, '198.51.100.7');
    // given a login of hers that waits
    const hers = (await logsIn(world, '198.51.100.7')).detail.transaction_id;
    const [nonce] = await shown(phone);
    // when strangers with her PIN come a hundred times, from one network and then from many
    for (let times = 0; times < 50; times += 1) await logsIn(world, '203.0.113.9');
    for (let times = 0; times < 50; times += 1) await logsIn(world, `192.0.2.${times}`);
    // then hers is still there, among five
    const left = await shown(phone);
    assert.deepEqual([left.length, left[0]], [5, nonce]);
    await phone.answer(nonce ?? '');
    assert.equal(await statusOf(world, hers), 'accept');
  });

  it('drops a challenge of the client that holds the most', async () => {
    const world = await given();
    const phone = await world.phoneOf('alice');
    await logsIn(world, '192.0.2.1');
    const [other] = await shown(phone);
    for (let times = 0; times < 30; times += 1) await logsIn(world, '203.0.113.9');
    await logsIn(world, '192.0.2.2');
    assert.equal((await shown(phone))[0], other);
  });

  it('with push gets no sixth challenge within 30 seconds: the login is refused, and the reply says so', async () => {
    const rings = { name: 'rings', scope: 'authentication', actions: { push_prompts_without_accept: 0 } };
    const world = await givenRinging(undo, { policies: [rings] });
    await world.ringingPhoneOf('alice');
    for (let times = 0; times < 5; times += 1) assert.equal((await logsIn(world, '192.0.2.1')).result.authentication, 'CHALLENGE');
    const { result, detail } = await logsIn(world, '192.0.2.2');
    assert.equal(result.authentication, 'REJECT');
    assert.match(detail.message, /^Too many logins wait for your phone\. Answer them there, or try again in 30 seconds\.$/);
    assert.equal(world.rings(), 5);
    const refused = world.logged.filter(({ event }) => event === 'login-refused');
    assert.deepEqual(
      refused.map(({ reason }) => reason),
      ['limited'],
    );
    // and half a minute later the oldest one makes room
    world.clock.advance(seconds(30));
    assert.equal((await logsIn(world, '192.0.2.2')).result.authentication, 'CHALLENGE');
  });

  it('does not limit the other phone of the user', async () => {
    const world = await given();
    const [busy, idle] = [await world.phoneOf('alice'), await world.phoneOf('alice', { pin: '5678' })];
    const both = async () => {
      world.clock.advance(1);
      return (await world.client.post('/validate/triggerchallenge', { user: 'alice' }, world.admin)).body;
    };
    const { transaction_ids: ids } = (await both()).detail;
    const [nonce] = await shown(idle);
    // when five more logins ask the first phone alone
    for (let times = 0; times < 5; times += 1) await logsIn(world, '192.0.2.1');
    // then the login of both waits for the other one, which says yes
    assert.deepEqual([(await shown(busy)).length, await shown(idle)], [5, [nonce]]);
    await idle.answer(nonce ?? '');
    assert.equal(await statusOf(world, ids[0]), 'accept');
  });

  it('has no limit where policies say 0, and else the limit of the policies', async () => {
    const limit = (most: number, user: string) => ({
      name: `most ${most}`,
      scope: 'authentication',
      match: { user: [user] },
      actions: { push_open_challenges: most },
    });
    const world = await given({ policies: [limit(0, 'alice'), limit(2, 'bob')] });
    const phones = [await world.phoneOf('alice'), await world.phoneOf('bob')];
    for (let times = 0; times < 8; times += 1) await Promise.all(['alice', 'bob'].map((user) => logsIn(world, '192.0.2.1', user)));
    assert.deepEqual(
      (await Promise.all(phones.map(shown))).map(({ length }) => length),
      [8, 2],
    );
  });

  it('has no more challenges after a hundred concurrent logins', async () => {
    const world = await given();
    const phone = await world.phoneOf('alice');
    const begun = await Promise.all(Array.from({ length: 100 }, (_, from) => logsIn(world, `192.0.2.${from}`)));
    assert.ok(begun.every(({ result }) => result.authentication === 'CHALLENGE'));
    assert.equal((await shown(phone)).length, 5);
    world.clock.advance(minutes(3));
    assert.deepEqual(await shown(phone), []);
  });

  it('distinguishes clients by the RADIUS attribute that policies name', async () => {
    const actions = { push_client_attributes: ['Calling-Station-Id'] };
    const world = await givenGateway(undo, { policies: [{ name: 'stations', scope: 'authentication', actions }] });
    const phone = await world.phoneOf('alice');
    const dialsIn = async (station: string, more: Record<string, string> = {}): Promise<string | undefined> => {
      world.clock.advance(1);
      const all = { 'User-Name': 'alice', 'User-Password': '1234', 'Calling-Station-Id': station, ...more };
      const body = JSON.stringify(Object.fromEntries(Object.entries(all).map(([name, value]) => [name, { value: [value] }])));
      const headers = { 'content-type': 'application/json' };
      const reply = await fetch(`${world.client.url}/radius/authenticate`, { method: 'POST', headers, body });
      return reply.status === 200 ? JSON.parse(await reply.text())['reply:State'].value[0] : String(reply.status);
    };
    // given alice, whose phone accepted a login from her own station
    const state = await dialsIn('00-11-22');
    await phone.answer((await shown(phone)).at(-1) ?? '');
    assert.equal(await dialsIn('00-11-22', { State: `0x${Buffer.from(state ?? '').toString('hex')}` }), '204');
    await world.gateway.settled();
    // when she dials in again, and strangers do from many others
    await dialsIn('00-11-22');
    const [hers] = await shown(phone);
    for (let number = 0; number < 20; number += 1) await dialsIn(`ff-${number}`);
    // then hers is the last to go
    assert.equal((await shown(phone))[0], hers);
  });
});
