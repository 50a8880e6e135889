import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../../kit/ports.ts';
import { cleanup, temporaryFolder } from '../../../../kit/temporary.ts';
import { everybody, givenPeople, rule } from './people-kit.ts';

describe('Users of a realm that has a list of them', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const nobody = 'ERR904: The user can not be found in any resolver in this realm!';

  it('log in; a user who is not on it gets an error, at both legs', async () => {
    const { client, phoneOf, challenge } = await givenPeople(undo);
    const phone = await phoneOf('alice');
    const { id, nonce } = await challenge('alice', phone);
    await phone.answer(nonce);
    const first = await client.post('/validate/check', { user: 'mallory', pass: '1234' });
    const second = await client.post('/validate/check', { user: 'mallory', realm: 'corp', pass: '', transaction_id: id });
    for (const { status, body } of [first, second])
      assert.deepEqual([status, body.result.error], [400, { code: 904, message: 'ERR904: User <mallory@corp> does not exist.' }]);
    const finished = await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
    assert.equal(finished.body.result.authentication, 'ACCEPT');
    const noToken = await client.post('/validate/check', { user: 'bob', pass: '1234' });
    assert.equal(noToken.body.detail.message, 'The user has no tokens assigned');
  });

  it('alone can be triggered, get tokens and have them listed', async () => {
    const { client, admin } = await givenPeople(undo);
    const init = { type: 'push', genkey: '1' };
    const { body } = await client.post('/token/init', init, admin);
    const refused = [
      await client.post('/validate/triggerchallenge', { user: 'mallory' }, admin),
      await client.post('/token/init', { ...init, user: 'mallory' }, admin),
      await client.post('/token/assign', { serial: body.detail.serial, user: 'mallory' }, admin),
      await client.get('/token/', { user: 'mallory' }, admin),
    ];
    for (const reply of refused) assert.deepEqual([reply.status, reply.body.result.error], [400, { code: 904, message: nobody }]);
  });

  it('own their tokens through their source, which the token list shows', async () => {
    const { client, admin, phoneOf, shown } = await givenPeople(undo);
    const { serial } = await phoneOf('alice');
    const { body } = await client.post('/token/init', { type: 'push', genkey: '1' }, admin);
    await client.post('/token/assign', { serial: body.detail.serial, user: 'bob@corp' }, admin);
    const fields = (await shown({})).map((token) => [token.serial, token.username, token.user_id, token.resolver, token.user_realm]);
    assert.deepEqual(
      fields.sort(),
      [
        [serial, 'alice', '7', 'staff', 'corp'],
        [body.detail.serial, 'bob', 'bob', 'staff', 'corp'],
      ].sort(),
    );
    const again = await client.post('/token/assign', { serial, user: 'bob' }, admin);
    assert.match(again.body.result.error?.message ?? '', /User\(login='alice', realm='corp', resolver='staff'\)/);
  });

  for (const [what, state] of [
    ['disabled', { disabled: true }],
    ['expired', { expires: '2001-01-01' }],
  ] as const)
    it(`cannot log in while their account is ${what}, whatever the PIN and the rules for unknown users`, async () => {
      // given alice with a phone and a token PIN, in a realm that admits unknown users, and her namesake in a later
      // source
      const later = join(temporaryFolder(undo), 'later.json');
      writeFileSync(later, JSON.stringify([{ username: 'alice' }]));
      const { client, admin, phoneOf, write, logged } = await givenPeople(
        undo,
        { policies: [rule('open', { passOnNoUser: true, passOnNoToken: true })] },
        [{ name: 'later', kind: 'file', config: { file: later } }],
      );
      const phone = await phoneOf('alice');
      // when her account is barred
      write(everybody.map((user) => (user.username === 'alice' ? { ...user, ...state } : user)));
      const logIn = () => client.post('/validate/check', { user: 'alice', pass: '1234' });
      while ((await logIn()).status === 200);
      // then every login is that of an unknown user, and her phone shows nothing
      const seen = (await phone.poll()).body.result.value.length;
      const refused = [
        await logIn(),
        await client.post('/validate/check', { serial: phone.serial, pass: '1234' }),
        await client.post('/validate/triggerchallenge', { user: 'alice' }, admin),
        await client.post('/validate/triggerchallenge', { serial: phone.serial }, admin),
        await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice' }, admin),
      ];
      assert.deepEqual(
        refused.map(({ body }) => body.result.error?.code),
        [904, 904, 904, 904, 904],
      );
      assert.equal((await phone.poll()).body.result.value.length, seen);
      assert.ok(logged.some(({ reason }) => reason === 'barred-user'));
      // while her token can be disabled
      assert.equal((await client.post('/token/disable', { serial: phone.serial }, admin)).body.result.value, 1);
    });

  it('cannot use their tokens after they have left until they are back; an administrator can disable the tokens meanwhile', async () => {
    const { client, admin, phoneOf, write } = await givenPeople(undo);
    const phone = await phoneOf('alice');
    write(everybody.filter(({ username }) => username !== 'alice'));
    const known = async () => (await client.post('/validate/check', { user: 'alice', pass: '1234' })).status === 200;
    while (await known());
    const bySerial = await client.post('/validate/check', { serial: phone.serial, pass: '1234' });
    const triggered = await client.post('/validate/triggerchallenge', { serial: phone.serial }, admin);
    assert.deepEqual(
      [bySerial, triggered].map(({ body }) => body.result.error?.code),
      [904, 904],
    );
    const waiting = await phone.poll();
    const disabled = await client.post('/token/disable', { user: 'alice' }, admin);
    const enabled = await client.post('/token/enable', { user: 'alice' }, admin);
    assert.deepEqual(
      [disabled, enabled].map(({ body }) => body.result.value),
      [1, 1],
    );
    write(everybody);
    while (!(await known()));
    // The phone got no push before she was back.
    assert.ok((await phone.poll()).body.result.value.length > waiting.body.result.value.length);
  });

  it('are not their namesakes of another source', async () => {
    // given a realm of two sources, both with an alice: the tokens belong to the first one
    const file = join(temporaryFolder(undo), 'more.json');
    writeFileSync(file, '[{ "username": "alice" }]');
    const { client, phoneOf, write, shown } = await givenPeople(undo, {}, [{ name: 'more', kind: 'file', config: { file } }]);
    const phone = await phoneOf('alice');
    // when the alice of the first source leaves
    write([{ username: 'bob' }]);
    const login = () => client.post('/validate/check', { user: 'alice', pass: '1234' });
    while ((await login()).body.detail?.message !== 'The user has no tokens assigned');
    // then the other alice has no token
    const [token] = await shown({ serial: phone.serial });
    assert.equal(token?.resolver, 'staff');
  });

  it('do not inherit the tokens of an earlier user of their name', async () => {
    // given alice, who has a token, and leaves
    const { client, admin, phoneOf, write, shown } = await givenPeople(undo);
    const { serial } = await phoneOf('alice');
    const login = (more = {}) => client.post('/validate/check', { user: 'alice', pass: '1234', ...more });
    assert.equal((await login()).body.result.authentication, 'CHALLENGE');
    // when another alice is hired
    write([{ username: 'alice', userid: '8' }]);
    while ((await login()).body.detail?.message !== 'The user has no tokens assigned');
    // then she has no token, by any selector, and a new QR code for that token is refused
    assert.equal((await login({ serial })).body.result.value, false);
    assert.equal((await login({ user: '', serial })).body.result.value, false);
    const wish = { type: 'push', genkey: '1', serial, rollover: '1', user: 'alice' };
    assert.match((await client.post('/token/init', wish, admin)).body.result.error?.message ?? '', /already assigned/);
    assert.deepEqual(
      (await shown({})).map((token) => [token.username, token.user_id]),
      [['alice', '7']],
    );
    // and one that she is given is hers
    await client.post('/token/unassign', { serial }, admin);
    await client.post('/token/assign', { serial, user: 'alice', pin: '1234' }, admin);
    assert.equal((await login()).body.result.authentication, 'CHALLENGE');
    write(everybody);
    while ((await login()).body.detail?.message !== 'The user has no tokens assigned');
  });

  it('are neither known nor unknown while a source is unavailable: nothing changes, and no login succeeds', async () => {
    const config = { urls: `ldap://127.0.0.1:${await freePort()}`, baseDn: 'dc=corp' };
    const policies = [rule('let in', { passOnNoUser: true, passOnNoToken: true, passthru: 'userstore' })];
    const { client, admin, phoneOf, shown, logged } = await givenPeople(undo, { policies }, [{ name: 'ad', kind: 'ldap', config }]);
    const { serial } = await phoneOf('alice');
    const init = { type: 'push', genkey: '1', user: 'carol' };
    const replies = [
      await client.post('/validate/check', { user: 'carol', pass: 'x' }),
      await client.post('/validate/triggerchallenge', { user: 'carol' }, admin),
      await client.post('/token/init', init, admin),
    ];
    for (const { status, body } of replies)
      assert.deepEqual([status, body.result], [503, { status: false, error: { code: -500, message: 'User directory unavailable' } }]);
    const radius = await fetch(`${client.url}/validate/radiuscheck?user=carol&pass=x`);
    assert.equal(radius.status, 503);
    assert.deepEqual(
      (await shown({})).map((token) => token.serial),
      [serial],
    );
    assert.ok(logged.some(({ userSource }) => userSource === 'ad'));
    const alice = await client.post('/validate/check', { user: 'alice', pass: '1234' });
    assert.equal(alice.body.result.authentication, 'CHALLENGE', 'whom the source before it knows');
  });

  it('are the owners of tokens in a realm without sources', async () => {
    const { client, phoneOf } = await givenPeople(undo);
    await phoneOf('zoe', { realm: 'guests' });
    const started = await client.post('/validate/check', { user: 'zoe', realm: 'guests', pass: '1234' });
    const other = await client.post('/validate/check', { user: 'yan', realm: 'guests', pass: '1234' });
    assert.deepEqual(
      [started.body.result.authentication, other.status, other.body.detail.message],
      ['CHALLENGE', 200, 'The user has no tokens assigned'],
    );
  });

  it('are named on the phone and in the QR code', async () => {
    const policies = [
      rule('greet', { push_text_on_mobile: 'Is it you, {givenname} {surname}? {recipient_givenname} {username}' }),
      rule('label', { tokenlabel: '<u> {givenname} {surname}', tokenissuer: 'ACME {surname}' }, 'enrollment'),
    ];
    const { client, admin, phoneOf, challenge } = await givenPeople(undo, { policies });
    const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice' }, admin);
    assert.match(body.detail.pushurl.value, /^otpauth:\/\/pipush\/alice%20Alice%20Liddell\?.*issuer=ACME%20Liddell/);
    const phone = await phoneOf('alice');
    await challenge('alice', phone);
    const [asked] = (await phone.poll()).body.result.value;
    assert.equal(asked.question, 'Is it you, Alice Liddell? Alice alice');
  });

  it('are matched by their source and its attributes', async () => {
    const condition = { section: 'userinfo', key: 'groups', comparator: 'contains', value: 'vpn' };
    const policies = [
      { ...rule('group', { push_title_on_mobile: 'of the group' }), match: { conditions: [condition] } },
      { ...rule('source', { push_title_on_mobile: 'of the source', challenge_text: 'Look at it' }), match: { resolver: ['staff'] } },
    ];
    const { client, phoneOf, challenge } = await givenPeople(undo, { policies });
    const titleFor = async (user: string): Promise<string> => {
      const phone = await phoneOf(user);
      await challenge(user, phone);
      return (await phone.poll()).body.result.value[0].title;
    };
    assert.deepEqual([await titleFor('alice'), await titleFor('bob')], ['of the group', 'of the source']);
    const { body } = await client.post('/validate/check', { user: 'bob', pass: '1234' });
    assert.equal(body.detail.message, 'Look at it');
  });

  it('who may log in by their attributes finish it, too', async () => {
    // given a rule that admits only members of a group
    const match = { conditions: [{ section: 'userinfo', key: 'groups', comparator: 'contains', value: 'vpn' }] };
    const policies = [
      { ...rule('of the group', { authorized: 'grant_access' }, 'authorization'), match },
      { ...rule('nobody else', { authorized: 'deny_access' }, 'authorization'), match: { user: ['*'] } },
    ];
    const { client, phoneOf, challenge } = await givenPeople(undo, { policies });
    const phone = await phoneOf('alice');
    // when alice, a member, has answered
    const { id, nonce } = await challenge('alice', phone);
    await phone.answer(nonce);
    // then she is accepted, and bob, not a member, was refused before
    const finished = await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
    assert.equal(finished.body.result.authentication, 'ACCEPT', JSON.stringify(finished.body));
    await phoneOf('bob');
    const refused = await client.post('/validate/check', { user: 'bob', pass: '1234' });
    assert.equal(refused.body.result.error?.code, 401);
  });
});
