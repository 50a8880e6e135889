import assert from 'node:assert/strict';
import { minutes, seconds } from '../../../../kit/clock.ts';
import { givenLinotpGateway } from '../../../../kit/linotp-gateway.ts';
import type { PiPhone } from '../../../../kit/pi-phone.ts';
import { givenRinging, type RingingGateway } from '../../../../kit/ringing.ts';
import { cleanup } from '../../../../kit/temporary.ts';

describe('A phone that rings without a yes', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const newest = async (phone: PiPhone): Promise<string> => (await phone.poll()).body.result.value.at(-1)?.nonce ?? '';
  /** Logs in so often, a while apart; how often the phone rang. */
  const ringsOf = async (world: RingingGateway, times: number, apartMs: number, address = '203.0.113.9'): Promise<number> => {
    const before = world.rings();
    for (let time = 0; time < times; time += 1) {
      const { result } = await world.logsIn(address);
      assert.equal(result.authentication, 'CHALLENGE');
      await world.gateway.settled();
      world.clock.advance(apartMs);
    }
    return world.rings() - before;
  };
  const mutes = ({ logged }: RingingGateway) => logged.filter(({ event }) => event === 'phone-muted').map(({ because }) => because);

  it('rings three times in ten minutes, then its user finds logins by opening the app', async () => {
    const world = await givenRinging(undo);
    const phone = await world.ringingPhoneOf('alice');
    // when a stranger who knows her PIN logs in a hundred times in ten minutes, from many networks
    let rang = 0;
    for (let network = 0; network < 20; network += 1) rang += await ringsOf(world, 5, seconds(6), `192.0.2.${network}`);
    // then her phone rang three times, and it was told once
    assert.equal(rang, 3);
    assert.deepEqual(mutes(world), ['unanswered']);
    // and her own login goes on: nothing rings, opening the app shows it, and she is in
    const { detail } = await world.logsIn('198.51.100.7');
    assert.match(detail.message, / Use the polling feature of your privacyIDEA Authenticator App to check for a new Login request\.$/);
    await phone.answer(await newest(phone));
    const finish = { user: 'alice', pass: '', transaction_id: detail.transaction_id };
    assert.equal((await world.client.post('/validate/check', finish)).body.result.authentication, 'ACCEPT');
    // and with her yes it rings again
    await world.gateway.settled();
    assert.equal(await ringsOf(world, 1, 0), 1);
  });

  it('rings no more for twenty minutes after the third prompt', async () => {
    const world = await givenRinging(undo);
    await world.ringingPhoneOf('alice');
    assert.equal(await ringsOf(world, 3, seconds(10)), 3);
    assert.equal(await ringsOf(world, 19, minutes(1)), 0);
    world.clock.advance(minutes(1));
    assert.equal(await ringsOf(world, 1, 0), 1);
  });

  it('rings never more often than three times in any ten minutes, however they are laid', async () => {
    const world = await givenRinging(undo, {
      policies: [{ name: 'no mute', scope: 'authentication', actions: { push_pull_only_seconds: 0 } }],
    });
    await world.ringingPhoneOf('alice');
    const rung: number[] = [];
    for (let times = 0; times < 120; times += 1) {
      const at = world.clock();
      if ((await ringsOf(world, 1, 0)) > 0) rung.push(at);
      world.clock.advance(seconds(times % 7 === 0 ? 5 : 31));
    }
    assert.ok(rung.length >= 15, `${rung.length} in an hour`);
    for (const [index, at] of rung.entries()) assert.ok((rung[index + 3] ?? at + minutes(10)) - at >= minutes(10), `${rung}`);
  });

  it('counts what its user declined, too, and rings as ever for those who say yes', async () => {
    const world = await givenRinging(undo);
    const phone = await world.ringingPhoneOf('alice');
    for (let times = 0; times < 5; times += 1) {
      assert.equal(await ringsOf(world, 1, seconds(5)), 1, 'a yes ends the count');
      await phone.answer(await newest(phone));
      await world.gateway.settled();
    }
    for (let times = 0; times < 3; times += 1) {
      await ringsOf(world, 1, seconds(40));
      await phone.answer(await newest(phone), { decline: true });
    }
    assert.equal(await ringsOf(world, 1, 0), 0);
  });

  it('rings three times where a hundred logins come at the same moment', async () => {
    const world = await givenRinging(undo, {
      policies: [{ name: 'many', scope: 'authentication', actions: { push_open_challenges: 50 } }],
    });
    await world.ringingPhoneOf('alice');
    await Promise.all(Array.from({ length: 40 }, (_, from) => world.logsIn(`192.0.2.${from}`)));
    assert.equal(world.rings(), 3);
  });

  it('rings as often as policies say, and any number of times where they say 0', async () => {
    const rule = (user: string, most: number) => ({
      name: user,
      scope: 'authentication',
      match: { user: [user] },
      actions: { push_prompts_without_accept: most, push_open_challenges: 0 },
    });
    const world = await givenRinging(undo, { policies: [rule('alice', 0), rule('bob', 1)] });
    for (const user of ['alice', 'bob']) await world.ringingPhoneOf(user);
    for (const [user, rings] of [
      ['alice', 6],
      ['bob', 1],
    ] as const) {
      const before = world.rings();
      for (let times = 0; times < 6; times += 1) await world.logsIn('192.0.2.1', user);
      assert.equal(world.rings() - before, rings);
    }
  });

  it('that did not ring, since no provider took the push, is not counted', async () => {
    const world = await givenRinging(undo);
    await world.ringingPhoneOf('alice');
    world.fakes.setFault({ status: 400, times: 2 });
    await ringsOf(world, 2, seconds(35));
    assert.equal(await ringsOf(world, 5, seconds(35)), 3);
  });

  it('that may not ask rings once in five minutes then, and else the login is refused, and the reply says so', async () => {
    const rule = { name: 'no polls', scope: 'authentication', actions: { push_allow_polling: 'deny' } };
    const world = await givenRinging(undo, { policies: [rule] });
    await world.ringingPhoneOf('alice');
    assert.equal(await ringsOf(world, 4, seconds(31)), 4, 'three times, and once more');
    const { result, detail } = await world.logsIn('203.0.113.9');
    assert.equal(result.authentication, 'REJECT');
    assert.match(detail.message, /^Your phone rang too often without an answer\. It rings again in 269 seconds\.$/);
    assert.equal(world.rings(), 4);
    const refused = world.logged.filter(({ event }) => event === 'login-refused');
    assert.deepEqual(
      refused.map(({ reason }) => reason),
      ['limited'],
    );
    world.clock.advance(minutes(5));
    assert.equal(await ringsOf(world, 1, 0), 1);
  });

  it('rings by LinOTP for a known client three times more, and else once in five minutes', async () => {
    const world = await givenLinotpGateway(undo, { settings: { OverrideAuthorizationClient: '127.0.0.1' } });
    const phone = await world.active('alice');
    const logIn = async (client: string) => {
      world.clock.advance(seconds(31));
      const before = world.pushed.length;
      await world.post('/validate/check', { user: 'alice', pass: '1234', data: 'x', client });
      await world.gateway.settled();
      return world.pushed.length - before;
    };
    const rings = async (times: number, client: string): Promise<number> => {
      let rang = 0;
      for (let time = 0; time < times; time += 1) rang += await logIn(client);
      return rang;
    };
    // given alice, who is known at home
    await logIn('198.51.100.7');
    assert.equal((await phone.answer('ACCEPT')).json.result.value, true);
    await world.gateway.settled();
    // when a stranger lets her phone ring, which cannot come and ask
    assert.equal(await rings(5, '203.0.113.9'), 4, 'three times, and once more in five minutes');
    // then it rings for her
    assert.equal(await rings(3, '198.51.100.7'), 3);
    assert.equal((await phone.answer('ACCEPT')).json.result.value, true);
  });

  const reports = ({ logged }: RingingGateway) =>
    logged.filter(({ event }) => event === 'login-reported').map(({ because, disabled }) => [because, disabled]);
  const declines = async (world: RingingGateway, phone: PiPhone, reason?: string): Promise<void> => {
    await world.logsIn('203.0.113.9');
    await phone.answer(await newest(phone), { decline: true, ...(reason === undefined ? {} : { reason }) });
    await world.gateway.settled();
  };

  it('rings no more once its user says "that was not me", and it is told', async () => {
    const world = await givenRinging(undo);
    const phone = await world.ringingPhoneOf('alice');
    await declines(world, phone, 'unknown_trigger');
    assert.deepEqual([reports(world), mutes(world)], [[['not-me', false]], ['not-me']]);
    assert.equal(await ringsOf(world, 3, 0), 0);
    // and the audit has it, and the metric
    const metrics = await (await fetch(`${world.client.url}/metrics`)).text();
    assert.match(metrics, /pushgate_fraud_reports_total 1/);
    const audit = await fetch(`${world.client.url}/ops/audit?kind=login-reported&user=alice`, { headers: world.admin });
    assert.match(await audit.text(), /"because":"not-me"/);
  });

  it('rings on where its user gave up, or declined without a reason, which is told apart', async () => {
    const world = await givenRinging(undo);
    const phone = await world.ringingPhoneOf('alice');
    await declines(world, phone, 'cancelled');
    await declines(world, phone);
    assert.deepEqual([reports(world), mutes(world)], [[], []]);
    assert.equal(world.logged.filter(({ event }) => event === 'bare-decline').length, 1);
    assert.equal(await ringsOf(world, 1, 0), 1, 'the third prompt');
  });

  it('rings no more after a decline without a reason where policies take that for a report', async () => {
    const rule = { name: 'strict', scope: 'authentication', actions: { push_bare_decline_is_fraud: true } };
    const world = await givenRinging(undo, { policies: [rule] });
    const phone = await world.ringingPhoneOf('alice');
    await declines(world, phone);
    assert.deepEqual([reports(world), mutes(world)], [[['bare-decline', false]], ['bare-decline']]);
    assert.equal(await ringsOf(world, 1, 0), 0);
  });

  it('answers for no push token any more after a report where policies disable it', async () => {
    const rule = { name: 'strict', scope: 'authentication', actions: { push_not_me_disables: true } };
    const world = await givenRinging(undo, { policies: [rule] });
    const phone = await world.ringingPhoneOf('alice');
    await declines(world, phone, 'unknown_trigger');
    assert.deepEqual(reports(world), [['not-me', true]]);
    const { detail } = await world.logsIn('198.51.100.7');
    assert.equal(detail.message, 'No suitable token found for authentication.');
  });
});
