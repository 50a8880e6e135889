import assert from 'node:assert/strict';
import { radiusServer } from '../../../../kit/radius-server.ts';
import { cleanup } from '../../../../kit/temporary.ts';
import { alice, everybody, type GivenPeople, givenPeople, rule } from './people-kit.ts';

describe('The PIN of a login', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = (otppin: string, more: object = {}) => givenPeople(undo, { policies: [rule('pin', { otppin, ...more })] });
  const messageOf = async ({ client }: GivenPeople, user: string, pass: string): Promise<string> => {
    const { body } = await client.post('/validate/check', { user, pass });
    return body.result.authentication === 'CHALLENGE' ? 'CHALLENGE' : body.detail.message;
  };
  const failures = async (gateway: GivenPeople) => (await gateway.shown({ user: 'alice' })).map(({ failcount }) => failcount);

  it('may be the password of the user: the token PIN is wrong then, and a wrong one counts on every token', async () => {
    const gateway = await given('userstore');
    await gateway.phoneOf('alice');
    await gateway.phoneOf('alice', { pin: '' });
    for (const wrong of ['1234', '', 'builder']) assert.equal(await messageOf(gateway, 'alice', wrong), 'wrong otp pin');
    assert.deepEqual(await failures(gateway), [3, 3]);
    const { body } = await gateway.client.post('/validate/check', { user: 'alice', pass: 'wonderland' });
    assert.deepEqual([body.result.authentication, body.detail.multi_challenge.length], ['CHALLENGE', 2]);
  });

  it('is protected against guesses, however many come at once', async () => {
    const gateway = await given('userstore');
    await gateway.phoneOf('alice');
    const guesses = Array.from({ length: 14 }, (_, number) => messageOf(gateway, 'alice', `guess ${number}`));
    const told = await Promise.all(guesses);
    assert.equal(told.filter((message) => message === 'wrong otp pin').length, 10);
    assert.equal(await messageOf(gateway, 'alice', 'wonderland'), 'Failcounter exceeded', 'the right one is not even looked at');
    assert.deepEqual(await failures(gateway), [10]);
  });

  it('cannot be the password without a source for it: an error, and no failure is counted', async () => {
    const gateway = await given('userstore');
    await gateway.phoneOf('zoe', { realm: 'guests' });
    const { status, body } = await gateway.client.post('/validate/check', { user: 'zoe', realm: 'guests', pass: '1234' });
    assert.deepEqual([status, body.result.error?.code, body.result.value], [400, 302, undefined]);
    const [token] = await gateway.shown({ user: 'zoe', realm: 'guests' });
    assert.equal(token?.failcount, 0);
  });

  it('may be empty, and then every text is wrong', async () => {
    const gateway = await given('none');
    await gateway.phoneOf('alice');
    assert.equal(await messageOf(gateway, 'alice', '1234'), 'wrong otp pin');
    assert.deepEqual(await failures(gateway), [1]);
    assert.equal(await messageOf(gateway, 'alice', ''), 'CHALLENGE');
  });

  it('may be that of the token, by policy or by default', async () => {
    const gateway = await given('tokenpin');
    await gateway.phoneOf('alice');
    assert.equal(await messageOf(gateway, 'alice', 'wonderland'), 'wrong otp pin');
    assert.equal(await messageOf(gateway, 'alice', '1234'), 'CHALLENGE');
  });

  it('is required in wait mode as well', async () => {
    const gateway = await given('userstore', { push_wait: 60 });
    const phone = await gateway.phoneOf('alice');
    const login = gateway.client.post('/validate/check', { user: 'alice', pass: 'wonderland' });
    let [asked] = (await phone.poll()).body.result.value;
    while (!asked) [asked] = (await phone.poll()).body.result.value;
    await phone.answer(asked.nonce);
    assert.equal((await login).body.result.authentication, 'ACCEPT');
  });
});

describe('A user without any token', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const check = async ({ client }: GivenPeople, user: string, pass: string, more: Record<string, string> = {}) => {
    const { status, body } = await client.post('/validate/check', { user, pass, ...more });
    return [status, body.result.authentication ?? body.result.error?.code, body.detail?.message ?? body.result.error?.message];
  };
  const refused = [200, 'REJECT', 'The user has no tokens assigned'];

  it('is accepted by the password of the source where a rule says so, with the name of that rule', async () => {
    const gateway = await givenPeople(undo, { policies: [rule('not yet', { passthru: 'userstore' })] });
    assert.deepEqual(await check(gateway, 'bob', 'builder'), [200, 'ACCEPT', "against userstore due to 'not yet'"]);
    assert.deepEqual(await check(gateway, 'bob', 'wonderland'), refused);
    assert.deepEqual(await check(gateway, 'bob', ''), refused);
    assert.deepEqual((await check(gateway, 'mallory', 'x')).slice(0, 2), [400, 904]);
    const url = `${gateway.client.url}/validate/radiuscheck?user=bob&pass=`;
    assert.deepEqual([(await fetch(`${url}builder`)).status, (await fetch(`${url}wrong`)).status], [204, 400]);
  });

  it('is not a user with an unfinished rollout or a disabled token', async () => {
    const gateway = await givenPeople(undo, { policies: [rule('not yet', { passthru: 'userstore', passOnNoToken: true })] });
    const { client, admin } = gateway;
    await client.post('/token/init', { type: 'push', genkey: '1', user: 'bob' }, admin);
    assert.deepEqual(await check(gateway, 'bob', 'builder'), [200, 'REJECT', 'No suitable token found for authentication.']);
    const phone = await gateway.phoneOf('alice');
    await client.post('/token/disable', { serial: phone.serial }, admin);
    assert.deepEqual(await check(gateway, 'alice', 'wonderland'), [200, 'REJECT', 'No suitable token found for authentication.']);
  });

  it('cannot be guessed endlessly: after too many wrong passwords from one address the right one is refused for a while', async () => {
    const policies = [rule('not yet', { passthru: 'userstore' })];
    const gateway = await givenPeople(undo, { policies, settings: { sourceFailures: 3 } });
    for (const guess of ['a', 'b', 'c']) await check(gateway, 'bob', guess);
    assert.deepEqual(await check(gateway, 'bob', 'builder'), refused);
    assert.deepEqual((await check(gateway, 'alice', 'wonderland')).slice(0, 2), [200, 'ACCEPT'], 'others are not affected');
    gateway.clock.advance(600_000);
    assert.deepEqual((await check(gateway, 'bob', 'builder')).slice(0, 2), [200, 'ACCEPT']);
  });

  it('is accepted by a RADIUS service, only by its accept', async () => {
    const server = await radiusServer(undo, 'shared');
    const service = { name: 'old-otp', servers: server.address, secret: { $env: 'RADIUS' }, timeoutMs: 100, retries: 0 };
    const policies = [rule('move', { passthru: 'old-otp' })];
    const gateway = await givenPeople(undo, { policies, environment: { RADIUS: 'shared' }, more: { radiusServers: [service] } });
    assert.deepEqual(await check(gateway, 'bob', '123456'), [200, 'ACCEPT', "against RADIUS server old-otp due to 'move'"]);
    assert.deepEqual(
      server.questions.map(({ user, password }) => [user, password]),
      [['bob', '123456']],
    );
    server.behave({ kind: 'reject' });
    assert.deepEqual(await check(gateway, 'bob', '123456'), refused);
    server.behave({ kind: 'challenge', message: 'next code', state: 's' });
    assert.deepEqual(await check(gateway, 'bob', '123456'), refused);
    server.behave({ kind: 'silent' });
    assert.deepEqual(await check(gateway, 'bob', '123456'), [503, -500, 'User directory unavailable']);
    await gateway.phoneOf('alice');
    assert.deepEqual(await check(gateway, 'alice', 'nothing'), [200, 'REJECT', 'wrong otp pin'], 'who has a token is not handed on');
    assert.equal(server.questions.length, 4);
  });

  it('is accepted without a password where a rule says so, unlike an unknown user', async () => {
    const gateway = await givenPeople(undo, { policies: [rule('soft start', { passOnNoToken: true })] });
    assert.deepEqual(await check(gateway, 'bob', 'x'), [200, 'ACCEPT', "user has no token, accepted due to 'soft start'"]);
    assert.deepEqual((await check(gateway, 'mallory', 'x')).slice(0, 2), [400, 904]);
    await gateway.phoneOf('alice');
    assert.deepEqual((await check(gateway, 'alice', 'x')).slice(1), ['REJECT', 'wrong otp pin']);
  });

  it('differs from an unknown user, who is accepted by a separate rule', async () => {
    const gateway = await givenPeople(undo, { policies: [rule('strangers', { passOnNoUser: true })] });
    assert.deepEqual(await check(gateway, 'mallory', 'x'), [200, 'ACCEPT', "user does not exist, accepted due to 'strangers'"]);
    assert.deepEqual(await check(gateway, 'bob', 'x'), refused);
    assert.deepEqual((await check(gateway, 'mallory', 'x', { realm: 'nowhere' })).slice(0, 2), [400, 904]);
    assert.deepEqual(await check(gateway, 'zoe', 'x', { realm: 'guests' }), refused, 'a realm without a list has no strangers');
    const triggered = await gateway.client.post('/validate/triggerchallenge', { user: 'mallory' }, gateway.admin);
    assert.equal(triggered.body.result.error?.code, 904);
    // and a token whose owner has left begins no login by its serial
    const { serial } = await gateway.phoneOf('alice');
    gateway.write(everybody.slice(1));
    while ((await check(gateway, 'alice', 'x'))[1] !== 'ACCEPT');
    assert.equal((await gateway.client.post('/validate/check', { serial, pass: 'x' })).body.result.error?.code, 904);
  });
});

describe('The attributes of an accepted user in a reply', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const { password: _kept, ...fields } = alice;
  const accepted = async ({ client, phoneOf, challenge }: GivenPeople, path = '/validate/check') => {
    const phone = await phoneOf('alice');
    const { id, nonce } = await challenge('alice', phone);
    await phone.answer(nonce);
    return (await client.post(path, { user: 'alice', pass: '', transaction_id: id })).body;
  };

  it('are those of the source, where a rule says so, and none before the yes', async () => {
    const gateway = await givenPeople(undo, { policies: [rule('tell', { add_user_in_response: true }, 'authorization')] });
    const { detail } = await accepted(gateway);
    assert.deepEqual([detail.user, detail['user-realm'], detail['user-resolver']], [fields, 'corp', 'staff']);
    const { body } = await gateway.client.post('/validate/check', { user: 'alice', pass: '1234' });
    assert.deepEqual([body.result.authentication, 'user' in body.detail, 'user-realm' in body.detail], ['CHALLENGE', false, false]);
  });

  it('are only realm and source, where a rule says that', async () => {
    const gateway = await givenPeople(undo, { policies: [rule('tell', { add_resolver_in_response: true }, 'authorization')] });
    const { detail } = await accepted(gateway);
    assert.deepEqual([detail.user, detail['user-realm'], detail['user-resolver']], [undefined, 'corp', 'staff']);
  });

  it('are none without a rule', async () => {
    assert.deepEqual(Object.keys((await accepted(await givenPeople(undo))).detail).sort(), ['message', 'serial', 'threadid']);
  });

  it('are those of samlcheck', async () => {
    const { result } = await accepted(await givenPeople(undo), '/validate/samlcheck');
    const { userid: _id, groups: _groups, ...attributes } = fields;
    assert.deepEqual(result.value, { auth: true, attributes: { ...attributes, realm: 'corp', resolver: 'staff' } });
  });
});
