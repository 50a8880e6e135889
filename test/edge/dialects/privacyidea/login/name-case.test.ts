import assert from 'node:assert/strict';
import { join } from 'node:path';
import { givenGateway } from '../../../../kit/gateway.ts';
import { cleanup, temporaryFolder } from '../../../../kit/temporary.ts';
import { givenPeople, rule, writeUsers } from './people-kit.ts';

const noTokens = 'The user has no tokens assigned';

describe('Names that differ in case', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('are two users of one list: the PIN and the phone of Bob do not work for bob', async () => {
    // given Bob and bob in one list of users, and a push token of Bob
    const file = join(temporaryFolder(undo), 'both.json');
    writeUsers(file, [{ username: 'Bob' }, { username: 'bob' }]);
    const realms = [{ name: 'corp', default: true, users: ['both'] }];
    const userSources = [{ name: 'both', kind: 'file', config: { file } }];
    const { client, admin, phoneOf, challenge } = await givenGateway(undo, { more: { realms, userSources } });
    const phone = await phoneOf('Bob');
    // then bob has no push token, in a login and in the lists of administrators
    const login = await client.post('/validate/check', { user: 'bob', pass: '1234' });
    assert.deepEqual([login.body.result.value, login.body.detail.message], [false, noTokens]);
    const listed = await client.get('/token/', { user: 'bob' }, admin);
    const disabled = await client.post('/token/disable', { user: 'bob' }, admin);
    assert.deepEqual([listed.body.result.value.count, disabled.body.result.value], [0, 0]);
    const bySerial = await client.post('/validate/check', { user: 'bob', serial: phone.serial, pass: '1234' });
    assert.equal(bySerial.body.result.error?.message, 'ERR905: Given serial does not belong to given user!');
    // and does not finish what Bob began
    const { id, nonce } = await challenge('Bob', phone);
    await phone.answer(nonce);
    const stolen = await client.post('/validate/check', { user: 'bob', pass: '', transaction_id: id });
    assert.equal(stolen.body.result.value, false);
    const finished = await client.post('/validate/check', { user: 'Bob', pass: '', transaction_id: id });
    assert.equal(finished.body.result.authentication, 'ACCEPT');
  });

  it('are two users in a realm without a list, unless the realm ignores case', async () => {
    const realms = [
      { name: 'corp', default: true },
      { name: 'lax', ignoreCase: true },
    ];
    const policies = [{ ...rule('greet', { push_title_on_mobile: 'for Bob' }), match: { user: ['Bob'] } }];
    const { client, phoneOf, challenge } = await givenGateway(undo, { policies, more: { realms } });
    const first = await phoneOf('Bob');
    const second = await phoneOf('Bob', { realm: 'LAX' });
    const login = (realm: string) => client.post('/validate/check', { user: 'bob', realm, pass: '1234' });
    assert.equal((await login('corp')).body.detail.message, noTokens);
    assert.equal((await login('lax')).body.result.authentication, 'CHALLENGE');
    // and a policy for Bob matches bob in the realm that ignores case
    const [asked] = (await second.poll()).body.result.value;
    assert.equal(asked.title, 'for Bob');
    await challenge('Bob', first);
    const own = (await first.poll()).body.result.value;
    assert.equal(own.at(-1).title, 'for Bob');
    // and letters of another width and other encodings of accents make no other name
    const wide = await client.post('/validate/check', { user: '\uff22ob', pass: '1234' });
    assert.equal(wide.body.result.authentication, 'CHALLENGE');
  });

  it('have separate counts where policies limit the push tokens of a user', async () => {
    // given one push token for each user, in a realm without a list of users
    const policies = [{ name: 'one each', scope: 'enrollment', actions: { max_token_per_user: 1 } }];
    const { client, admin, phoneOf } = await givenGateway(undo, { policies });
    await phoneOf('Bob');
    // when bob, and Bob once more, enrol a phone
    const enrol = async (user: string) => (await client.post('/token/init', { type: 'push', genkey: '1', user }, admin)).body.result;
    assert.equal((await enrol('bob')).value, true);
    assert.equal((await enrol('Bob')).error?.code, 303);
  });

  it('are one realm, at every place', async () => {
    const authServers = [{ name: 'vpn', networks: ['127.0.0.0/8'], mounts: ['/'], realms: ['CORP'], rights: ['trigger', 'check', 'poll'] }];
    const { client, phoneOf } = await givenGateway(undo, { more: { authServers } });
    const phone = await phoneOf('bob', { realm: 'Corp' });
    for (const who of [{ user: 'bob', realm: 'cORP' }, { user: 'bob@CORP' }, { serial: phone.serial }])
      assert.equal((await client.post('/validate/check', { ...who, pass: '1234' })).body.result.authentication, 'CHALLENGE');
  });

  it('keep the tokens of a user when the source changes the case of the name', async () => {
    const { client, phoneOf, write } = await givenPeople(undo);
    const phone = await phoneOf('alice');
    write([{ username: 'Alice.Liddell', userid: '7' }]);
    const login = () => client.post('/validate/check', { user: 'Alice.Liddell', pass: '1234' });
    let started = await login();
    while (started.status === 400) started = await login();
    assert.equal(started.body.result.authentication, 'CHALLENGE', started.text);
    await phone.answer((await phone.poll()).body.result.value.at(-1).nonce);
    const id = started.body.detail.transaction_id;
    const finished = await client.post('/validate/check', { user: 'Alice.Liddell', pass: '', transaction_id: id });
    assert.equal(finished.body.result.authentication, 'ACCEPT', finished.text);
  });
});
