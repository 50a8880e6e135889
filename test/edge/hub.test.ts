import assert from 'node:assert/strict';
import { givenLinotpGateway } from '../kit/linotp-gateway.ts';
import { cleanup } from '../kit/temporary.ts';

const alice = { user: 'alice', pass: '1234' };

describe('Servers of one kind, phones of another', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('a login of a LinOTP client is approved in the privacyIDEA Authenticator', async () => {
    const { post, phoneOf } = await givenLinotpGateway(undo);
    const phone = await phoneOf('alice');
    // when a LinOTP client asks
    const started = await post('/validate/check', { ...alice, data: 'Transfer 10 € to Bob' });
    const { transactionid } = started.json.detail;
    assert.deepEqual(started.json.detail, { ...started.json.detail, linotp_tokenserial: phone.serial, linotp_tokentype: 'push' });
    // then the phone finds its words
    const [waiting] = (await phone.poll()).body.result.value;
    assert.equal(waiting.question, 'Transfer 10 € to Bob');
    await phone.answer(waiting.nonce);
    const { json } = await post('/validate/check_status', { ...alice, transactionid });
    const status = json.detail.transactions[transactionid];
    assert.deepEqual([status.status, status.valid_tan, status.accept], ['closed', true, true]);
  });

  it('a login of a privacyIDEA plug-in is approved in the app of LinOTP, and taken once', async () => {
    const { active, client, pushed } = await givenLinotpGateway(undo);
    const phone = await active('alice');
    const before = pushed.length;
    const started = await client.post('/validate/check', alice);
    assert.equal(started.body.result.authentication, 'CHALLENGE', started.text);
    assert.equal(pushed.length, before + 1);
    assert.deepEqual(phone.read().ask, { kind: 'signreq', message: 'Do you want to confirm the login?' });
    const { transaction_id } = started.body.detail;
    const poll = async () => (await client.get('/validate/polltransaction', { transaction_id })).body.detail.challenge_status;
    assert.equal(await poll(), 'pending');
    await phone.answer('ACCEPT');
    assert.equal(await poll(), 'accept');
    const finish = async () => (await client.post('/validate/check', { user: 'alice', pass: '', transaction_id })).body.result.value;
    assert.deepEqual([await finish(), await finish()], [true, false]);
  });

  it('a no in the app of LinOTP is a no for a privacyIDEA plug-in', async () => {
    const { active, client } = await givenLinotpGateway(undo);
    const phone = await active('alice');
    const { transaction_id } = (await client.post('/validate/check', alice)).body.detail;
    await phone.answer('DENY');
    const { body } = await client.get('/validate/polltransaction', { transaction_id });
    assert.deepEqual([body.detail.challenge_status, body.result.authentication], ['declined', 'DECLINED']);
  });

  it('either server asks both phones of a user at once, and the first answer counts', async () => {
    const { active, client, phoneOf, post } = await givenLinotpGateway(undo);
    const linotp = await active('alice');
    const pi = await phoneOf('alice');
    // a LinOTP client: two numbers, and the privacyIDEA phone answers
    const started = await post('/validate/check', { ...alice, data: 'x' });
    assert.deepEqual(Object.keys(started.json.detail.challenges).toSorted(), [linotp.serial, pi.serial].toSorted());
    const [waiting] = (await pi.poll()).body.result.value;
    await pi.answer(waiting.nonce);
    assert.equal((await linotp.answer('ACCEPT')).json.result.value, false);
    const { json } = await post('/validate/check_status', { ...alice, transactionid: started.json.detail.transactionid });
    const answered = Object.values<{ accept?: boolean; token: { serial: string } }>(json.detail.transactions).filter(
      ({ accept }) => accept,
    );
    assert.deepEqual(
      answered.map(({ token }) => token.serial),
      [pi.serial],
    );
    // a privacyIDEA plug-in: one transaction, and the LinOTP phone answers
    const second = await client.post('/validate/check', alice);
    assert.equal(second.body.detail.multi_challenge.length, 2);
    await linotp.answer('ACCEPT');
    assert.equal((await pi.poll()).body.result.value.length, 0);
    const finished = await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: second.body.detail.transaction_id });
    assert.equal(finished.body.detail.serial, linotp.serial);
  });

  it('a phone with only yes and no is not asked in other modes, unless policies allow the fallback', async () => {
    const { active, client, rules } = await givenLinotpGateway(undo);
    await active('alice');
    const presence = { push_require_presence: true, push_presence_num_options: 10 };
    await rules({ name: 'presence', scope: 'authentication', actions: presence });
    const refused = await client.post('/validate/check', alice);
    assert.deepEqual(
      [refused.body.result.value, refused.body.detail.message],
      [false, 'No phone of this user can do what the policies ask for.'],
    );
    await rules({ name: 'presence', scope: 'authentication', actions: { ...presence, push_mode_fallback: 'confirm' } });
    assert.equal((await client.post('/validate/check', alice)).body.result.authentication, 'CHALLENGE');
  });
});
