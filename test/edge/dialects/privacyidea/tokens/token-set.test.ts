import assert from 'node:assert/strict';
import { minutes } from '../../../../kit/clock.ts';
import { type GatewayWishes, givenGateway } from '../../../../kit/gateway.ts';
import { cleanup } from '../../../../kit/temporary.ts';

describe('Settings of a push token by administrators', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (wishes: GatewayWishes = {}) => {
    const gateway = await givenGateway(undo, wishes);
    const { client, admin } = gateway;
    const post = (path: string, form: Record<string, string> = {}) => client.post(path, form, admin);
    const tokenOf = async (serial: string) => (await client.get('/token/', { serial }, admin)).body.result.value.tokens[0];
    const login = async (user: string, pass = '1234') => (await client.post('/validate/check', { user, pass })).body;
    return { ...gateway, post, tokenOf, login };
  };

  it('are counted, and shown', async () => {
    const { post, tokenOf, phoneOf, login } = await given();
    const { serial } = await phoneOf('alice');
    const period = { validity_period_start: '2020-01-01T10:00+0100', validity_period_end: '2099-12-31T23:59Z' };
    const numbers = { max_failcount: '5', count_auth_success_max: '9' };
    const set = await post(`/token/set/${serial}`, { pin: '9876', description: 'her phone', ...numbers, ...period });
    assert.equal(set.body.result.value, 6, set.text);
    const { description, maxfail, info } = await tokenOf(serial);
    assert.deepEqual([description, maxfail, info.count_auth_success_max], ['her phone', 5, '9']);
    assert.deepEqual([info.validity_period_start, info.validity_period_end], ['2020-01-01T09:00+0000', '2099-12-31T23:59+0000']);
    assert.equal((await login('alice', '9876')).result.authentication, 'CHALLENGE');
    // when the end is taken away, and nothing else is said
    assert.equal((await post('/token/set', { serial, validity_period_end: '' })).body.result.value, 1);
    assert.deepEqual([(await tokenOf(serial)).info.validity_period_end, (await tokenOf(serial)).description], [undefined, 'her phone']);
    assert.equal((await post('/token/set', { serial })).body.result.value, 0);
  });

  it('are set for all push tokens of a user', async () => {
    const { post, tokenOf, phoneOf } = await given();
    const [one, other, third] = [await phoneOf('alice'), await phoneOf('alice'), await phoneOf('bob')];
    assert.equal((await post('/token/set', { user: 'alice', description: 'hers', max_failcount: '3' })).body.result.value, 4);
    assert.equal((await post('/token/description', { user: 'alice', description: 'hers too' })).body.result.value, 2);
    const told = await Promise.all([one, other, third].map(async ({ serial }) => (await tokenOf(serial)).description));
    assert.deepEqual(told, ['hers too', 'hers too', '']);
  });

  const refused: [string, Record<string, string>][] = [
    ['set', { description: 'x'.repeat(81) }],
    ['set', { pin: 'x'.repeat(257) }],
    ['set', { max_failcount: '0' }],
    ['set', { max_failcount: 'many' }],
    ['set', { count_auth_success_max: '-1' }],
    ['set', { validity_period_end: 'tomorrow' }],
    ['set', { validity_period_end: '01.02.2099' }],
    ['set', { validity_period_start: '2026-13-45' }],
    ['set', { validity_period_start: '2026-02-30T10:00Z' }],
    ['set', { validity_period_start: '2026-02-03', validity_period_end: '2026-02-02' }],
    ['set', { count_window: '5' }],
    ['set', { sync_window: '5' }],
    ['set', { hashlib: 'sha256' }],
    ['set', { count_auth_max: '5' }],
    ['description', {}],
    ['realm', {}],
    ['realm', { realms: 'corp,nosuch' }],
  ];
  it('are refused where they are invalid, and then nothing is set', async () => {
    const { post, tokenOf, phoneOf } = await given();
    const { serial } = await phoneOf('alice');
    const before = await tokenOf(serial);
    for (const [call, form] of refused) {
      const reply = await post(`/token/${call}/${serial}`, call === 'set' ? { description: 'new', ...form } : form);
      assert.deepEqual([reply.status, reply.body.result.error?.code], [400, 905], JSON.stringify([call, form]));
    }
    for (const call of ['set', 'description', 'setrandompin', 'realm'])
      assert.equal((await post(`/token/${call}/NOPE`, { description: 'x', realms: 'corp' })).status, 404, call);
    assert.deepEqual(await tokenOf(serial), before);
  });

  it('a maximum at the number of failures locks the push token; a higher one unlocks it', async () => {
    const { post, phoneOf, login } = await given({ settings: { lockout: 'token' } });
    const { serial } = await phoneOf('alice');
    for (const pass of ['a', 'b', 'c']) await login('alice', pass);
    await post(`/token/set/${serial}`, { max_failcount: '3' });
    assert.equal((await login('alice')).detail.message, 'Failcounter exceeded');
    await post(`/token/set/${serial}`, { max_failcount: '4' });
    assert.equal((await login('alice')).result.authentication, 'CHALLENGE');
  });

  it('realms of a push token are replaced, as a text and as a list; its owner stays', async () => {
    const { client, admin, tokenOf, phoneOf } = await given();
    const { serial } = await phoneOf('alice');
    const send = async (body: string, type: string) =>
      (await client.send(`/token/realm/${serial}`, { method: 'POST', headers: { ...admin, 'content-type': type }, body })).body.result
        .value;
    const realms = async () => (await tokenOf(serial)).realms;
    assert.equal(await send('realms=guests, CORP,guests', 'application/x-www-form-urlencoded'), true);
    assert.deepEqual([await realms(), (await tokenOf(serial)).user_realm], [['guests', 'corp'], 'corp']);
    assert.equal(await send('{"realms": ["guests"]}', 'application/json'), true);
    assert.deepEqual(await realms(), ['guests']);
    assert.equal(await send('realms=', 'application/x-www-form-urlencoded'), true);
    assert.deepEqual(await realms(), []);
  });

  for (const [policies, length] of [
    [[], 8],
    [[{ name: 'long', actions: { otp_pin_set_random: 12 } }], 12],
  ] as const) {
    it(`a random PIN is returned once, and is the PIN (${length} characters)`, async () => {
      // a rule about PINs removes no right
      const { post, phoneOf, login } = await given({ policies: [...policies] });
      const { serial } = await phoneOf('alice');
      const { result, detail } = (await post(`/token/setrandompin/${serial}`)).body;
      assert.equal(result.value, 1);
      assert.match(detail.pin, new RegExp(`^[2-9A-Za-z]{${length}}$`));
      assert.equal((await login('alice')).result.authentication, 'REJECT');
      assert.equal((await login('alice', detail.pin)).result.authentication, 'CHALLENGE');
      const again = await post(`/token/setrandompin/${serial}`);
      assert.notEqual(again.body.detail.pin, detail.pin);
    });
  }

  it('require a right for each call, and one more for a PIN', async () => {
    const calls = [
      ['set', 'set'],
      ['description', 'setdescription'],
      ['setrandompin', 'setrandompin'],
      ['realm', 'tokenrealms'],
    ] as const;
    const { post, client, gateway } = await given({ policies: [{ name: 'helpdesk', scope: 'admin', actions: { tokenlist: true } }] });
    for (const [call, right] of calls) {
      const { status, body } = await post(`/token/${call}/T1`, { description: 'x' });
      assert.deepEqual([status, body.result.error?.message], [403, `Admin actions are defined, but the action ${right} is not allowed!`]);
    }
    const { rights } = (await client.post('/auth', { username: 'admin', password: gateway.firstPassword ?? '' })).body.result.value;
    assert.deepEqual(rights, ['tokenlist']);
    const second = await given({ policies: [{ name: 'helpdesk', scope: 'admin', actions: { set: true } }] });
    assert.equal((await second.post('/token/set/T1', { description: 'x' })).status, 404);
    const pin = await second.post('/token/set/T1', { pin: '1' });
    assert.match(pin.body.result.error?.message ?? '', /the action setpin is not allowed/);
  });

  describe('the validity period of a push token', () => {
    it('applies to a login, a trigger, the phone and the end of a login', async () => {
      const { client, admin, clock, post, phoneOf, login, challenge } = await given();
      const phone = await phoneOf('alice');
      const iso = (at: number) => new Date(at).toISOString();
      const trigger = async () => (await client.post('/validate/triggerchallenge', { user: 'alice' }, admin)).body.result.value;
      // given a login, and one more that the phone has accepted
      const open = await challenge('alice', phone);
      const accepted = await challenge('alice', phone);
      await phone.answer(accepted.nonce);
      // when the window ends
      await post(`/token/set/${phone.serial}`, { validity_period_end: iso(clock() - 1) });
      // then no phone is asked or can answer, and no login is accepted
      assert.equal((await login('alice')).detail.message, 'Outside validity period');
      const told = (await client.post('/validate/triggerchallenge', { user: 'alice' }, admin)).body.detail;
      assert.deepEqual([told.message, told.messages], ['Outside validity period', ['Outside validity period']]);
      // and a wrong PIN gets the usual reply
      assert.equal((await client.post('/validate/check', { user: 'alice', pass: 'wrong' })).body.detail.message, 'wrong otp pin');
      assert.equal(await trigger(), 0);
      assert.deepEqual((await phone.poll()).body.result.value, []);
      assert.equal((await phone.answer(open.nonce)).body.result.value, false);
      const finish = { user: 'alice', pass: '', transaction_id: accepted.id };
      assert.equal((await client.post('/validate/check', finish)).body.result.value, false);
      // when it begins later
      await post(`/token/set/${phone.serial}`, { validity_period_start: iso(clock() + minutes(1)), validity_period_end: '' });
      assert.equal(await trigger(), 0);
      clock.advance(minutes(1));
      assert.equal(await trigger(), 1);
    });

    it('is not a note: its names are refused as notes', async () => {
      const { client, admin, post, phoneOf, tokenOf } = await given();
      const { serial } = await phoneOf('alice');
      for (const key of ['validity_period_start', 'validity_period_end', 'count_auth', 'count_auth_max']) {
        const path = `/token/info/${serial}/${key}`;
        for (const reply of [
          await post(path, { value: '2020-01-01T00:00+0000' }),
          await client.send(path, { method: 'DELETE', headers: admin }),
        ])
          assert.deepEqual([reply.status, reply.body.result.error?.code], [403, 303], key);
      }
      for (const [key, value] of [
        ['polling_allowed', 'false'],
        ['count_auth_success_max', '3'],
      ] as const) {
        assert.equal((await post(`/token/info/${serial}/${key}`, { value })).body.result.value, true);
        assert.equal((await tokenOf(serial)).info[key], value);
      }
    });
  });
});
