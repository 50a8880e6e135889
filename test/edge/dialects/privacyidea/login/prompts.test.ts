import assert from 'node:assert/strict';
import { minutes, seconds } from '../../../../kit/clock.ts';
import { givenLinotpGateway } from '../../../../kit/linotp-gateway.ts';
import type { PiPhone } from '../../../../kit/pi-phone.ts';
import { givenRinging, type RingingGateway } from '../../../../kit/ringing.ts';
import { cleanup } from '../../../../kit/temporary.ts';

describe('A phone with pushes and no yes', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const newest = async (phone: PiPhone): Promise<string> => (await phone.poll()).body.result.value.at(-1)?.nonce ?? '';
  /** Logs in `times` times, with pauses; returns the number of pushes. */
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

  it('gets three pushes in ten minutes, then its user finds logins by opening the app', async () => {
    const world = await givenRinging(undo);
    const phone = await world.ringingPhoneOf('alice');
    // when a stranger with her PIN logs in a hundred times in ten minutes, from many networks
    let rang = 0;
    for (let network = 0; network < 20; network += 1) rang += await ringsOf(world, 5, seconds(6), `192.0.2.${network}`);
    // then her phone got three pushes, and the limit was published once
    assert.equal(rang, 3);
    assert.deepEqual(mutes(world), ['unanswered']);
    // and her own login works: no push is sent, the app shows it, and she is accepted
    const { detail } = await world.logsIn('198.51.100.7');
    assert.match(detail.message, / Use the polling feature of your privacyIDEA Authenticator App to check for a new Login request\.$/);
    await phone.answer(await newest(phone));
    const finish = { user: 'alice', pass: '', transaction_id: detail.transaction_id };
    assert.equal((await world.client.post('/validate/check', finish)).body.result.authentication, 'ACCEPT');
    // and after her yes it gets pushes again
    await world.gateway.settled();
    assert.equal(await ringsOf(world, 1, 0), 1);
  });

  it('gets no push for twenty minutes after the third one', async () => {
    const world = await givenRinging(undo);
    await world.ringingPhoneOf('alice');
    assert.equal(await ringsOf(world, 3, seconds(10)), 3);
    assert.equal(await ringsOf(world, 19, minutes(1)), 0);
    world.clock.advance(minutes(1));
    assert.equal(await ringsOf(world, 1, 0), 1);
  });

  it('gets at most three pushes in every period of ten minutes', async () => {
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

  it('counts declined pushes, too, and gets every push of a user who says yes', async () => {
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

  it('gets three pushes for a hundred concurrent logins', async () => {
    const world = await givenRinging(undo, {
      policies: [{ name: 'many', scope: 'authentication', actions: { push_open_challenges: 50 } }],
    });
    await world.ringingPhoneOf('alice');
    await Promise.all(Array.from({ length: 40 }, (_, from) => world.logsIn(`192.0.2.${from}`)));
    assert.equal(world.rings(), 3);
  });

  it('gets as many pushes as policies allow, and any number where they say 0', async () => {
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

  it('that got no push, since no provider accepted it, is not counted', async () => {
    const world = await givenRinging(undo);
    await world.ringingPhoneOf('alice');
    world.fakes.setFault({ status: 400, times: 2 });
    await ringsOf(world, 2, seconds(35));
    assert.equal(await ringsOf(world, 5, seconds(35)), 3);
  });

  it('that may not poll gets one push in five minutes then; other logins are refused, and the reply says so', async () => {
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

  it('gets by LinOTP three more pushes from a known client, and from others one in five minutes', async () => {
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
    // given alice, with a known client at home
    await logIn('198.51.100.7');
    assert.equal((await phone.answer('ACCEPT')).json.result.value, true);
    await world.gateway.settled();
    // when a stranger causes pushes to her phone, which cannot poll
    assert.equal(await rings(5, '203.0.113.9'), 4, 'three times, and once more in five minutes');
    // then it gets a push for her
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

  it('gets no more pushes after its user reports a login, and the event is published', async () => {
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

  it('still gets pushes after its user gave up or declined without a reason, and these are distinguished', async () => {
    const world = await givenRinging(undo);
    const phone = await world.ringingPhoneOf('alice');
    await declines(world, phone, 'cancelled');
    await declines(world, phone);
    assert.deepEqual([reports(world), mutes(world)], [[], []]);
    assert.equal(world.logged.filter(({ event }) => event === 'bare-decline').length, 1);
    assert.equal(await ringsOf(world, 1, 0), 1, 'the third prompt');
  });

  it('gets no more pushes after a decline without a reason where policies treat that as a report', async () => {
    const rule = { name: 'strict', scope: 'authentication', actions: { push_bare_decline_is_fraud: true } };
    const world = await givenRinging(undo, { policies: [rule] });
    const phone = await world.ringingPhoneOf('alice');
    await declines(world, phone);
    assert.deepEqual([reports(world), mutes(world)], [[['bare-decline', false]], ['bare-decline']]);
    assert.equal(await ringsOf(world, 1, 0), 0);
  });

  it('cannot answer for its push token after a report where policies disable it', async () => {
    const rule = { name: 'strict', scope: 'authentication', actions: { push_not_me_disables: true } };
    const world = await givenRinging(undo, { policies: [rule] });
    const phone = await world.ringingPhoneOf('alice');
    await declines(world, phone, 'unknown_trigger');
    assert.deepEqual(reports(world), [['not-me', true]]);
    const { detail } = await world.logsIn('198.51.100.7');
    assert.equal(detail.message, 'No suitable token found for authentication.');
  });
});
