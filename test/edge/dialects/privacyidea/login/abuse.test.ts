import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfSigned } from '../../../../foundation/wire/self-signed.ts';
import { farSide } from '../../../../kit/far-side.ts';
import { givenGateway } from '../../../../kit/gateway.ts';
import { piPhone } from '../../../../kit/pi-phone.ts';
import { cleanup, temporaryFolder } from '../../../../kit/temporary.ts';

describe('An attacked login', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('does not pass to a later phone under the same serial', async () => {
    // given a login of alice, whose push token is deleted and whose serial goes to mallory
    const { client, admin, clock, phoneOf, challenge } = await givenGateway(undo);
    const alice = await phoneOf('alice', { serial: 'SAME1' });
    const { id, nonce } = await challenge('alice', alice);
    await client.send('/token/SAME1', { method: 'DELETE', headers: admin });
    const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user: 'mallory', serial: 'SAME1' }, admin);
    const mallory = piPhone(client, { serial: 'SAME1', credential: body.detail.enrollment_credential, clock });
    await mallory.rollout();
    // then mallory's phone sees nothing, cannot answer, and no one logs in
    assert.deepEqual((await mallory.poll()).body.result.value, []);
    assert.equal((await mallory.answer(nonce)).body.result.value, false);
    const finished = await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
    assert.equal(finished.body.result.authentication, 'REJECT');
  });

  for (const [how, path, message] of [
    ['disabled', '/token/disable/', 'No suitable token found for authentication.'],
    ['deleted', '/token/', 'The user has no tokens assigned'],
  ] as const) {
    it(`is not finished by a push token that was ${how} after the yes of its phone`, async () => {
      const { client, admin, phoneOf, challenge } = await givenGateway(undo);
      const phone = await phoneOf('alice');
      const { id, nonce } = await challenge('alice', phone);
      assert.equal((await phone.answer(nonce)).body.result.value, true);
      await client.send(`${path}${phone.serial}`, { method: how === 'deleted' ? 'DELETE' : 'POST', headers: admin });
      const finished = await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
      assert.deepEqual([finished.body.result.authentication, finished.body.detail.message], ['REJECT', message]);
    });
  }

  it('does not get past the maximum of failures by a burst of guesses', async () => {
    // given a maximum of five, and forty guesses at once with the right PIN among the later ones
    const { client, admin, phoneOf } = await givenGateway(undo, { settings: { DefaultMaxFailCount: 5 } });
    const { serial } = await phoneOf('alice');
    const guesses = Array.from({ length: 40 }, (_, number) => (number === 20 ? '1234' : `guess ${number}`));
    const replies = await Promise.all(guesses.map((pass) => client.post('/validate/check', { user: 'alice', pass })));
    // then five were tried, and the rest learned nothing
    const said = replies.map(({ body }) => body.detail.message);
    assert.equal(said.filter((message) => message === 'wrong otp pin').length, 5);
    assert.equal(said.filter((message) => message === 'Failcounter exceeded').length, 35);
    assert.equal((await client.get('/token/', { serial }, admin)).body.result.value.tokens[0].failcount, 5);
  });

  it('is read by its state where transaction_id is empty, and counts nothing', async () => {
    const { client, admin, phoneOf, challenge } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    const { id, nonce } = await challenge('alice', phone);
    await phone.answer(nonce);
    const finished = await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: '', state: id });
    assert.equal(finished.body.result.authentication, 'ACCEPT');
    assert.equal((await client.get('/token/', { serial: phone.serial }, admin)).body.result.value.tokens[0].failcount, 0);
  });

  it('is an error after a failed push where the client requested that', async () => {
    const far = await farSide(undo);
    far.behave({ kind: 'reply', status: 503 });
    const ca = join(temporaryFolder(undo), 'ca.pem');
    writeFileSync(ca, selfSigned.cert);
    const providers = [
      { name: 'poll', kind: 'poll-only', config: {} },
      { name: 'cs', kind: 'challenge-service', default: true, config: { push_url: far.url, server_certificate: ca } },
    ];
    const policies = [{ name: 'by cs', scope: 'authentication', actions: { push_provider: 'cs' } }];
    const { client, phoneOf } = await givenGateway(undo, { policies, more: { providers } });
    const phone = await phoneOf('alice');
    const failed = await client.post('/validate/check', { user: 'alice', pass: '1234', exception: '1' });
    assert.deepEqual([failed.status, failed.body.result.error?.code], [400, 401]);
    assert.deepEqual((await phone.poll()).body.result.value, []);
  });

  it('cannot enrol with more text than a QR code holds, and leaves no push token then', async () => {
    const policies = [{ name: 'label', scope: 'enrollment', actions: { tokenlabel: '<u> {user}' } }];
    const { client, admin } = await givenGateway(undo, { policies });
    const refused = await client.post('/token/init', { type: 'push', genkey: '1', user: 'x'.repeat(3000) }, admin);
    assert.deepEqual([refused.status, refused.body.result.error?.code], [400, 905]);
    assert.equal((await client.get('/token/', {}, admin)).body.result.value.count, 0);
  });

  it('accepts no overlong device address', async () => {
    const { client, admin, clock } = await givenGateway(undo);
    const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice' }, admin);
    const phone = piPhone(client, { serial: body.detail.serial, credential: body.detail.enrollment_credential, clock });
    const refused = await phone.rollout({ fbtoken: 'x'.repeat(5000) });
    assert.deepEqual([refused.status, refused.body.result.error?.code], [400, 905]);
  });
});
