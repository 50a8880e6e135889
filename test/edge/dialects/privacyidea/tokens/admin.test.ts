import assert from 'node:assert/strict';
import { minutes } from '../../../../kit/clock.ts';
import { givenGateway } from '../../../../kit/gateway.ts';
import { cleanup } from '../../../../kit/temporary.ts';

describe('Administration through the privacyIDEA dialect', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('logs in with the password of the first start, and tells a wrong one as privacyIDEA does', async () => {
    const { client, gateway } = await givenGateway(undo);
    const right = await client.post('/auth', { username: 'admin', password: gateway.firstPassword ?? '' });
    const wrong = await client.post('/auth', { username: 'admin', password: 'bad' });
    const unknown = await client.post('/auth', { username: 'nobody', password: 'bad' });
    const { value } = right.body.result;
    assert.deepEqual(
      [right.body.id, right.body.result.authentication, value.role, value.username, value.realm, value.auth],
      [2, 'ACCEPT', 'admin', 'admin', '', true],
    );
    for (const { status, body } of [wrong, unknown]) {
      assert.deepEqual(
        [status, body.result.error, body.detail, body.id],
        [401, { code: 4031, message: 'Authentication failure. Wrong credentials' }, {}, 1],
      );
    }
  });

  it('refuses calls without a token, with a broken one, and with an old one', async () => {
    const { client, clock, admin } = await givenGateway(undo);
    const trigger = async (headers: Record<string, string>) =>
      (await client.post('/validate/triggerchallenge', { user: 'alice' }, headers)).body;
    assert.deepEqual((await trigger({})).result.error, { code: 4033, message: 'Authentication failure. Missing Authorization header.' });
    assert.deepEqual((await trigger({ authorization: 'garbage' })).result.error, {
      code: 4304,
      message: 'Authentication failure. Error decoding the Authorization token: Not enough segments',
    });
    const [head, claims] = (admin.authorization ?? '').split('.');
    assert.equal((await trigger({ authorization: `${head}.${claims}.AAAA` })).result.error?.code, 4304);
    assert.equal((await trigger({ authorization: `Bearer ${admin.authorization}` })).result.status, true);
    clock.advance(minutes(61));
    assert.equal((await trigger(admin)).result.error?.code, 4305);
  });

  const locks: readonly [actions: object, lock: string][] = [
    [{ push_ttl: 10 }, ''],
    [{ push_force_app_pin: true }, '&pin=True&app_force_unlock=pin'],
    [{ push_app_force_unlock: 'any' }, '&app_force_unlock=any'],
    [{ push_force_app_pin: true, push_app_force_unlock: 'biometric' }, '&pin=True&app_force_unlock=biometric'],
    [{ push_force_app_pin: true, push_app_force_unlock: 'pin' }, '&pin=True&app_force_unlock=pin'],
  ];
  for (const [actions, lock] of locks)
    it(`tells the app how it is unlocked: ${JSON.stringify(actions)}`, async () => {
      const { client, admin } = await givenGateway(undo, { policies: [{ name: 'lock', scope: 'enrollment', actions }] });
      const { body } = await client.post('/token/init', { type: 'push', genkey: '1' }, admin);
      assert.equal(/&poll_only=True(.*)$/.exec(body.detail.pushurl.value)?.[1], lock);
    });

  it('creates a token that waits for its phone', async () => {
    const { client, admin } = await givenGateway(undo);
    const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice', pin: '1234' }, admin);
    const { serial, rollout_state, enrollment_credential, pushurl } = body.detail;
    assert.match(serial, /^PIPU0000[0-9A-F]{4}$/);
    assert.equal(rollout_state, 'clientwait');
    assert.match(enrollment_credential, /^[0-9a-f]{40}$/);
    assert.equal(pushurl.description, 'URL for privacyIDEA Push Token');
    assert.equal(
      pushurl.value,
      `otpauth://pipush/${serial}?url=https%3A//mfa.example.com/ttype/push&ttl=10&issuer=privacyIDEA&enrollment_credential=${enrollment_credential}&v=1&serial=${serial}&sslverify=1&poll_only=True`,
    );
    assert.match(pushurl.img, /^data:image\/png;base64,iVBOR/);
    const login = await client.post('/validate/check', { user: 'alice', pass: '1234' });
    assert.equal(login.body.detail.message, 'No suitable token found for authentication.');
  });

  it('leaves no token behind after a failed creation', async () => {
    const { client, admin } = await givenGateway(undo);
    const wishes = [
      { type: 'push' },
      { type: 'hotp', genkey: '1' },
      { type: 'push', genkey: '1', serial: 'a b' },
      { type: 'push', genkey: '1', user: 'alice', realm: 'nowhere' },
      { type: 'push', genkey: '1', validity_period_end: 'tomorrow' },
    ];
    for (const wish of wishes) {
      const { status, body } = await client.post('/token/init', wish, admin);
      assert.equal(status, 400, JSON.stringify(wish));
      assert.ok(body.result.error?.message.startsWith('ERR90'), body.result.error?.message);
    }
    assert.equal((await client.get('/token/', {}, admin)).body.result.value.count, 0);
  });

  it('needs the two policies of enrolment, by name', async () => {
    for (const [has, misses] of [
      [{}, 'push_firebase_configuration'],
      [{ push_firebase_configuration: 'poll only' }, 'push_registration_url'],
    ] as const) {
      const { client, admin } = await givenGateway(undo, {
        policies: [],
        more: { policies: [{ name: 'some', scope: 'enrollment', actions: { tokenissuer: 'x', ...has } }] },
      });
      const { status, body } = await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice' }, admin);
      assert.deepEqual([status, body.result.error], [403, { code: 303, message: `Missing enrollment policy for push token: ${misses}` }]);
    }
  });

  it('keeps a serial for one token', async () => {
    const { client, admin } = await givenGateway(undo);
    const wish = { type: 'push', genkey: '1', serial: 'MY-1' };
    assert.equal((await client.post('/token/init', wish, admin)).body.detail.serial, 'MY-1');
    assert.equal((await client.post('/token/init', wish, admin)).body.result.error?.code, 905);
  });

  it('lists, disables, enables, sets a PIN, resets and deletes', async () => {
    const { client, admin, phoneOf } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    const call = async (path: string, form: Record<string, string> = {}) => (await client.post(path, form, admin)).body.result.value;
    assert.equal(await call(`/token/disable/${phone.serial}`), 1);
    assert.equal(await call('/token/enable', { serial: phone.serial }), 1);
    assert.equal(await call(`/token/setpin/${phone.serial}`, { otppin: '9876' }), 1);
    assert.equal((await client.post('/validate/check', { user: 'alice', pass: '9876' })).body.result.authentication, 'CHALLENGE');
    const list = (await client.get('/token/', { user: 'alice' }, admin)).body.result.value;
    assert.deepEqual([list.count, 'current' in list, list.next, list.prev], [1, false, null, null]);
    const [token] = list.tokens;
    assert.deepEqual(
      [token.serial, token.active, token.rollout_state, token.username, token.user_realm, token.tokentype, token.maxfail],
      [phone.serial, true, 'enrolled', 'alice', 'corp', 'push', 10],
    );
    assert.ok(!JSON.stringify(token).includes('rivate'));
    const deleted = await client.send(`/token/${phone.serial}`, { method: 'DELETE', headers: admin });
    const again = await client.send(`/token/${phone.serial}`, { method: 'DELETE', headers: admin });
    assert.deepEqual([deleted.body.result.value, again.status, again.body.result.error?.code], [1, 404, 601]);
  });

  it('pages through many tokens', async () => {
    const { client, admin } = await givenGateway(undo);
    for (const serial of ['T1', 'T2', 'T3']) await client.post('/token/init', { type: 'push', genkey: '1', serial }, admin);
    const page = async (query: Record<string, string>) => {
      const { count, next, prev, tokens } = (await client.get('/token/', query, admin)).body.result.value;
      return [count, prev, next, tokens.map(({ serial }: { serial: string }) => serial)];
    };
    assert.deepEqual(await page({ pagesize: '2' }), [3, null, 2, ['T1', 'T2']]);
    assert.deepEqual(await page({ pagesize: '2', page: '2', sortdir: 'asc' }), [3, 1, null, ['T3']]);
    assert.deepEqual(await page({ serial: 'T*', sortdir: 'desc' }), [3, null, null, ['T3', 'T2', 'T1']]);
    assert.deepEqual(await page({ rollout_state: 'enrolled' }), [0, null, null, []]);
  });

  it('obeys policies that remove rights', async () => {
    const policies = [{ name: 'helpdesk', scope: 'admin', actions: { tokenlist: true } }];
    const { client, admin } = await givenGateway(undo, { policies });
    const denied = await client.post('/validate/triggerchallenge', { user: 'alice' }, admin);
    const enrol = await client.post('/token/init', { type: 'push', genkey: '1' }, admin);
    assert.equal((await client.get('/token/', {}, admin)).status, 200);
    assert.deepEqual(
      [denied.status, denied.body.result.error],
      [403, { code: 303, message: 'Admin actions are defined, but the action triggerchallenge is not allowed!' }],
    );
    assert.equal(enrol.body.result.error?.message, 'Admin actions are defined, but you are not allowed to enroll this token type!');
  });
});

describe('Callers of the privacyIDEA dialect', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('unknown callers may not log users in, while a public poll still works', async () => {
    const more = { authServers: [{ name: 'vpn', networks: ['10.0.0.0/8'], mounts: ['/'] }] };
    const { client } = await givenGateway(undo, { more });
    const check = await client.post('/validate/check', { user: 'alice', pass: '1234' });
    const poll = await client.get('/validate/polltransaction', { transaction_id: '1' });
    assert.deepEqual([check.status, check.body.result.error?.code], [403, 303]);
    assert.equal(poll.body.detail.challenge_status, 'pending');
  });

  it('a transaction belongs to the auth server that started it', async () => {
    // given two auth servers that are distinguished by the mount they may call
    const mounts = [
      { path: '/a', serves: 'privacyidea' },
      { path: '/b', serves: 'privacyidea' },
    ];
    const more = {
      authServers: [
        { name: 'one', networks: ['127.0.0.0/8'], mounts: ['/a'] },
        { name: 'two', networks: ['127.0.0.0/8'], mounts: ['/b'] },
      ],
    };
    const { client, phoneOf } = await givenGateway(undo, { mounts: [...mounts, { path: '/', serves: 'privacyidea' }], more });
    await phoneOf('alice');
    // when the first one starts a login
    const started = await client.post('/a/validate/check', { user: 'alice', pass: '1234' });
    const transaction_id = started.body.detail.transaction_id;
    // then the other one neither sees nor finishes it
    assert.equal(started.body.result.authentication, 'CHALLENGE');
    assert.equal(
      (await client.post('/b/validate/check', { user: 'alice', pass: '', transaction_id })).body.detail.message,
      'wrong otp pin',
    );
    assert.equal(
      (await client.post('/a/validate/check', { user: 'alice', pass: '', transaction_id })).body.detail.message,
      'Response did not match the challenge.',
    );
  });
});
