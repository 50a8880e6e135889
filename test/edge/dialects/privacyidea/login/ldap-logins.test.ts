import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { givenGateway } from '../../../../kit/gateway.ts';
import { directory, givenSlapd, haveSlapd, people, type Slapd } from '../../../../kit/slapd.ts';
import { cleanup } from '../../../../kit/temporary.ts';
import { rule } from './people-kit.ts';

describe('Logins of users in an LDAP directory', function () {
  this.timeout(30_000);
  const undo = cleanup();
  let slapd: Slapd;
  before(function () {
    this.timeout(300_000);
    if (!haveSlapd()) this.skip();
  });
  beforeEach(async () => {
    slapd = await givenSlapd(undo);
  });
  afterEach(() => undo.run());

  /** A user may type the login name, its Windows form or the mail address; the directory gives the stored name. */
  const filter = '(|(uid={user})(sAMAccountName={user})(mail={user}))';
  const given = (actions: object, settings: object = {}) => {
    const config = { urls: slapd.ldap, ...directory, bindPassword: { $env: 'SEARCHER' }, filter, ...settings };
    const more = { realms: [{ name: 'corp', default: true, users: ['ad'] }], userSources: [{ name: 'ad', kind: 'ldap', config }] };
    const policies = [rule('all', actions), rule('tell', { add_user_in_response: true }, 'authorization')];
    return givenGateway(undo, { policies, environment: { SEARCHER: people.svc }, more });
  };

  it('succeed with the password of the directory and a yes on the phone, by any name of the user', async () => {
    const { client, admin, phoneOf } = await given({ otppin: 'userstore' });
    const phone = await phoneOf('alice@corp.example');
    const wrong = await client.post('/validate/check', { user: 'ALiddell', pass: people.bob });
    assert.equal(wrong.body.detail.message, 'wrong otp pin');
    const { body } = await client.post('/validate/check', { user: 'ALiddell', pass: people.alice });
    assert.deepEqual([body.result.authentication, body.detail.serial], ['CHALLENGE', phone.serial]);
    const [{ nonce }] = (await phone.poll()).body.result.value;
    await phone.answer(nonce);
    const transaction = { transaction_id: body.detail.transaction_id, pass: '' };
    const other = await client.post('/validate/check', { user: 'bob', ...transaction });
    assert.equal(other.body.result.authentication, 'REJECT');
    const finished = await client.post('/validate/check', { user: 'alice@corp.example', ...transaction });
    assert.equal(finished.body.result.authentication, 'ACCEPT');
    const bySerial = await client.post('/validate/check', { user: 'ALiddell', serial: phone.serial, pass: people.alice });
    assert.equal(bySerial.body.result.authentication, 'CHALLENGE');
    const [token] = (await client.get('/token/', { user: 'ALiddell' }, admin)).body.result.value.tokens;
    assert.deepEqual([token.username, token.resolver, token.realms], ['alice', 'ad', ['corp']]);
  });

  for (const [name, how] of [
    ['alice', 'by the name in the directory'],
    ['ALICE', 'in another case'],
    ['ALiddell', 'by another name'],
  ] as const)
    it(`finish while the directory is down, where they began before ${how}; new ones fail, and no failure is counted`, async () => {
      const { client, admin, phoneOf, challenge } = await given({ passOnNoUser: true }, { cacheMs: 0 });
      const phone = await phoneOf('alice');
      const { id, nonce } = await challenge(name, phone);
      await slapd.stop();
      await phone.answer(nonce);
      const begun = await client.post('/validate/check', { user: 'alice', pass: 'wrong' });
      const elsewhere = await client.post('/validate/check', { user: 'mallory', pass: '', transaction_id: id });
      const finished = await client.post('/validate/check', { user: name, pass: '', transaction_id: id });
      assert.deepEqual([begun.status, elsewhere.status, finished.body.result.authentication], [503, 503, 'ACCEPT']);
      const [token] = (await client.get('/token/', {}, admin)).body.result.value.tokens;
      assert.deepEqual([token.failcount, token.username, token.resolver], [0, 'alice', 'ad']);
      await slapd.start();
      while ((await client.post('/validate/check', { user: 'alice', pass: '1234' })).body.result.authentication !== 'CHALLENGE');
    });

  it('with a name of two entries are an error, and no rule for unknown users admits them', async () => {
    const { client } = await given({ passOnNoUser: true, passOnNoToken: true, passthru: 'userstore' });
    const twin = await client.post('/validate/check', { user: 'twin', pass: 'same' });
    assert.deepEqual(
      [twin.status, twin.body.result],
      [400, { status: false, error: { code: 302, message: 'ERR302: Server misconfigured' } }],
    );
    const nameless = await client.post('/validate/check', { user: 'nameless', pass: 'none' });
    assert.equal(nameless.body.detail.message, "user does not exist, accepted due to 'all'");
  });

  it('cost the directory as much for users without a token and for unknown users, without a check of their password', async () => {
    // given a wire to the directory on which the passwords can be seen
    const { port } = new URL(slapd.ldap);
    let tries = 0;
    const tap = createServer((near) => {
      const far = connect(Number(port), '127.0.0.1');
      near.on('data', (bytes) => {
        if (bytes.includes('the guess')) tries += 1;
      });
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) socket.on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(tap, 'listening');
    undo.later(() => tap.close());
    const { port: tapped } = tap.address() as AddressInfo;
    const { client, phoneOf } = await given({ otppin: 'userstore' }, { urls: `ldap://127.0.0.1:${tapped}` });
    await phoneOf('alice');
    const triesOf = async (user: string): Promise<number> => {
      tries = 0;
      await client.post('/validate/check', { user, pass: 'the guess' });
      return tries;
    };
    // when an attacker guesses at alice, at bob, who has no token, and at an unknown user
    assert.deepEqual([await triesOf('alice'), await triesOf('bob'), await triesOf('mallory')], [1, 1, 1]);
    // then bob's own password is still refused, and was not even checked
    const { body } = await client.post('/validate/check', { user: 'bob', pass: people.bob });
    assert.equal(body.detail.message, 'The user has no tokens assigned');
  });
});
