import assert from 'node:assert/strict';
import { seconds } from '../../../../kit/clock.ts';
import { givenLinotpGateway, type LinotpReply } from '../../../../kit/linotp-gateway.ts';
import { cleanup } from '../../../../kit/temporary.ts';

const alice = { user: 'alice', pass: '1234' };
const idOf = ({ json, text }: LinotpReply): string => {
  assert.ok(json.detail?.transactionid, text);
  return json.detail.transactionid;
};
const statusOf = ({ json }: LinotpReply) => Object.values(json.detail?.transactions ?? {});

describe('A login of a LinOTP client', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('goes from the offer of a token to a yes of its phone', async () => {
    // given a phone that pairs and proves its key
    const { offered, post, pushed } = await givenLinotpGateway(undo);
    const phone = await offered('alice', { serial: 'KIPT1', description: "Anna's phone" });
    const early = await post('/validate/check', { ...alice, data: 'x' });
    assert.deepEqual([early.json.result, early.json.detail], [{ status: true, value: false }, undefined]);
    await phone.pair();
    const activation = await post('/validate/check_s', { serial: 'KIPT1', pass: '1234', data: 'x' });
    assert.deepEqual(phone.read(idOf(activation)).ask, { kind: 'pairing', serial: 'KIPT1' });
    await phone.answer('ACCEPT');
    // when its user logs in
    const started = await post('/validate/check', { ...alice, data: 'Login to dc1', content_type: '0' });
    // then the challenge is sent under the number in the client's reply
    const transactionid = idOf(started);
    assert.match(transactionid, /^[1-9]\d{16}$/);
    assert.equal(pushed.at(-1)?.transactionId, transactionid);
    assert.deepEqual(started.json, {
      ...started.json,
      id: 0,
      result: { status: true, value: false },
      detail: {
        transactionid,
        message: '',
        linotp_tokenserial: 'KIPT1',
        linotp_tokentype: 'push',
        linotp_tokendescription: "Anna's phone",
      },
    });
    assert.deepEqual(phone.read(transactionid).ask, { kind: 'signreq', message: 'Login to dc1' });
    // and polls return its status, any number of times
    const poll = () => post('/validate/check_status', { ...alice, transactionid });
    const token = { serial: 'KIPT1', type: 'push' };
    const open = { received_count: 0, received_tan: false, valid_tan: false, message: '', status: 'open', token };
    assert.deepEqual((await poll()).json.detail, { transactions: { [transactionid]: open } });
    assert.equal((await phone.answer('ACCEPT')).json.result.value, true);
    const closed = { ...open, received_count: 1, received_tan: true, valid_tan: true, status: 'closed', accept: true };
    for (let times = 0; times < 2; times += 1) assert.deepEqual((await poll()).json.detail, { transactions: { [transactionid]: closed } });
    // and no check with a pass finishes a push
    assert.equal((await post('/validate/check', { ...alice, transactionid })).json.result.value, false);
  });

  it('is closed by a no', async () => {
    const { active, post } = await givenLinotpGateway(undo);
    const phone = await active('alice');
    const transactionid = idOf(await post('/validate/check', { ...alice, data: 'x' }));
    assert.equal((await phone.answer('DENY')).json.result.value, true);
    const [status] = statusOf(await post('/validate/check_status', { ...alice, transactionid }));
    assert.deepEqual(status, { ...(status as object), status: 'closed', received_tan: true, valid_tan: false, reject: true });
  });

  it('names user and auth server with content type 2', async () => {
    const { active, post } = await givenLinotpGateway(undo);
    const phone = await active('alice');
    await post('/validate/check', { ...alice, data: 'root@dc1.example.test', content_type: '2' });
    assert.deepEqual(phone.read().ask, { kind: 'login', login: 'root', host: 'dc1.example.test' });
    await post('/validate/check', { ...alice, data: 'justname', content_type: '2' });
    assert.deepEqual(phone.read().ask, { kind: 'login', login: 'justname', host: '' });
  });

  it('sends no push where LinOTP refuses, and gives no reason', async () => {
    const { active, post, pushed } = await givenLinotpGateway(undo);
    await active('alice');
    const before = pushed.length;
    const refused = [
      { user: 'alice', pass: '4321', data: 'x' },
      { user: 'alice', data: 'x' },
      { user: 'nobody', pass: '1234', data: 'x' },
      { ...alice },
      { ...alice, challenge: 'x' },
      { ...alice, data: 'x', content_type: '1' },
      { ...alice, data: 'x', content_type: '7' },
      { ...alice, data: 'x', content_type: 'zero' },
      { ...alice, data: 'm'.repeat(512) },
      { ...alice, data: 'x', realm: 'nowhere' },
      { ...alice, data: 'x', token_type: 'hmac' },
      { pass: '1234', data: 'x' },
      { ...alice, data: 'a\0b' },
    ];
    for (const form of refused) {
      const { status, json, text } = await post('/validate/check', form as Record<string, string>);
      assert.deepEqual([status, json.id, json.result, json.detail], [200, 0, { status: true, value: false }, undefined], text);
    }
    assert.equal(pushed.length, before);
    idOf(await post('/validate/check', { ...alice, data: 'm'.repeat(511) }));
  });

  it('belongs to the realm parameter, whatever realm the name contains', async () => {
    const { active, post } = await givenLinotpGateway(undo);
    await active('alice');
    for (const form of [
      { user: 'alice@guests', realm: 'corp' },
      { user: 'alice@guests', realm: 'CORP ' },
      { user: 'guests\\alice', realm: 'Corp' },
    ])
      idOf(await post('/validate/check', { ...form, pass: '1234', data: 'x' }));
    const other = await post('/validate/check', { user: 'alice@corp', realm: 'guests', pass: '1234', data: 'x' });
    assert.equal(other.json.detail, undefined);
  });

  it('is over after its time', async () => {
    const { active, post, clock } = await givenLinotpGateway(undo);
    const phone = await active('alice');
    const transactionid = idOf(await post('/validate/check', { ...alice, data: 'late' }));
    clock.advance(seconds(149));
    assert.equal((await post('/validate/check_status', { ...alice, transactionid })).json.result.value, true);
    clock.advance(seconds(3));
    assert.equal((await phone.answer('ACCEPT')).json.result.value, false);
    assert.equal((await post('/validate/check_status', { ...alice, transactionid })).json.result.value, false);
  });

  it('ends where no push service accepts it', async () => {
    const { active, post, pushService } = await givenLinotpGateway(undo);
    const phone = await active('alice');
    pushService(503);
    const refused = await post('/validate/check', { ...alice, data: 'x' });
    assert.deepEqual([refused.json.result.value, refused.json.detail], [false, undefined]);
    assert.equal((await phone.answer('ACCEPT')).json.result.value, false);
  });
});

describe('The status of a LinOTP transaction', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('is shown only to a client with the pass and the user of the login', async () => {
    const { active, post } = await givenLinotpGateway(undo);
    const { serial } = await active('alice');
    await active('bob');
    const transactionid = idOf(await post('/validate/check', { ...alice, data: 'x' }));
    const value = async (form: Record<string, string>) => (await post('/validate/check_status', form)).json.result.value;
    assert.equal(await value({ ...alice, transactionid }), true);
    assert.equal(await value({ ...alice, state: transactionid }), true);
    assert.equal(await value({ serial, pass: '1234', transactionid }), true);
    assert.equal(await value({ ...alice, pass: 'wrong', transactionid }), false);
    assert.equal(await value({ ...alice, user: 'bob', transactionid }), false);
    assert.equal(await value({ user: 'alice', transactionid }), false);
    assert.equal(await value({ ...alice }), false);
    assert.equal(await value({ ...alice, transactionid: '11111111111111111' }), false);
  });

  it('does not help to guess a PIN: wrong ones count against their source address, and lock no user', async () => {
    const { active, post } = await givenLinotpGateway(undo, { settings: { sourceFailures: 3 } });
    const phone = await active('alice');
    const transactionid = idOf(await post('/validate/check', { ...alice, data: 'x' }));
    for (let times = 0; times < 3; times += 1) await post('/validate/check_status', { ...alice, pass: `wrong${times}`, transactionid });
    // an unchecked request is neither expired nor refused
    const { status, headers, json } = await post('/validate/check_status', { ...alice, transactionid });
    assert.deepEqual([status, headers.get('retry-after'), json.result.value], [429, '600', false]);
    // the login itself continues
    assert.equal((await phone.answer('ACCEPT')).json.result.value, true);
    idOf(await post('/validate/check', { ...alice, data: 'x' }));
  });
});

describe('Several push tokens of one LinOTP user', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async () => {
    const gateway = await givenLinotpGateway(undo);
    const phones = [await gateway.active('alice', { serial: 'KIPT1' }), await gateway.active('alice', { serial: 'KIPT2' })];
    const started = await gateway.post('/validate/check', { ...alice, data: 'both' });
    const phoneOf = (serial: string) => phones.find((phone) => phone.serial === serial);
    return { ...gateway, started, phoneOf, parent: idOf(started) };
  };

  it('are asked under one transaction, each under a number of its own', async () => {
    const { started, parent, pushed } = await given();
    assert.match(parent, /^[1-9]\d{13}$/);
    assert.equal(started.json.detail.message, 'Multiple challenges submitted.');
    const ids = Object.values<{ transactionid: string }>(started.json.detail.challenges).map(({ transactionid }) => transactionid);
    assert.deepEqual(ids.toSorted(), [`${parent}.01`, `${parent}.02`]);
    assert.deepEqual(
      pushed
        .slice(-2)
        .map(({ transactionId }) => transactionId)
        .toSorted(),
      ids.toSorted(),
    );
  });

  for (const word of ['ACCEPT', 'DENY'] as const) {
    it(`are decided by the first ${word}`, async () => {
      const { post, parent, phoneOf } = await given();
      assert.equal((await phoneOf('KIPT2')?.answer(word))?.json.result.value, true);
      assert.equal((await phoneOf('KIPT1')?.answer('ACCEPT'))?.json.result.value, false);
      const { json } = await post('/validate/check_status', { ...alice, transactionid: parent });
      const all = Object.values<{ status: string; accept?: boolean; reject?: boolean; received_tan: boolean; token: { serial: string } }>(
        json.detail.transactions,
      );
      const seen = all.map(({ status, accept, reject, received_tan, token }) => [token.serial, status, received_tan, accept, reject]);
      const yes = word === 'ACCEPT' ? true : undefined;
      assert.deepEqual(seen.toSorted(), [
        ['KIPT1', 'closed', false, undefined, undefined],
        ['KIPT2', 'closed', true, yes, yes ? undefined : true],
      ]);
    });
  }

  it('show one challenge under its own number', async () => {
    const { post, parent } = await given();
    const { json } = await post('/validate/check_status', { ...alice, transactionid: `${parent}.02` });
    assert.deepEqual(Object.keys(json.detail.transactions), [`${parent}.02`]);
  });
});

describe('Clients that cannot read JSON or cannot poll', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('get a text reply', async () => {
    const { active, post } = await givenLinotpGateway(undo);
    await active('alice');
    const wrong = await post('/validate/simplecheck', { user: 'alice', pass: '4321', data: 'x' });
    assert.deepEqual([wrong.status, wrong.type, wrong.text], [200, 'text/html; charset=utf-8', ':-(']);
    assert.match((await post('/validate/simplecheck', { ...alice, data: 'x' })).text, /^:-\( [1-9]\d{16}$/);
  });

  it('wait for the phone with push_wait, without data', async () => {
    const { active, post, rules, pushed } = await givenLinotpGateway(undo);
    const phone = await active('alice');
    await rules({ name: 'wait', actions: { push_wait: 30 } });
    const before = pushed.length;
    const reply = post('/validate/check', { ...alice });
    while (pushed.length === before) await new Promise(setImmediate);
    await phone.answer('ACCEPT');
    const { json } = await reply;
    assert.deepEqual([json.result.value, json.detail], [true, undefined]);
  });

  it('are not accepted by a phone that activates its token', async () => {
    const { offered, post, rules, pushed } = await givenLinotpGateway(undo);
    const phone = await offered('alice');
    await phone.pair();
    // by a wait
    await rules({ name: 'wait', actions: { push_wait: 30 } });
    const reply = post('/validate/check', { ...alice });
    while (pushed.length === 0) await new Promise(setImmediate);
    assert.equal((await phone.answer('ACCEPT')).json.result.value, true);
    assert.equal((await reply).json.result.value, false);
    // by a second call
    const other = await offered('bob');
    await other.pair();
    await rules({ name: 'pam', actions: { push_without_data: true } });
    const [, state = ''] = (await post('/validate/simplecheck', { user: 'bob', pass: '1234' })).text.split('( ');
    assert.equal((await other.answer('ACCEPT')).json.result.value, true);
    assert.equal((await post('/validate/simplecheck', { user: 'bob', pass: '', state })).text, ':-(');
  });

  it('are accepted at their second call, once, with push_without_data', async () => {
    const { active, post, rules } = await givenLinotpGateway(undo);
    const phone = await active('alice');
    await rules({ name: 'pam', actions: { push_without_data: true } });
    const [, state = ''] = (await post('/validate/simplecheck', { ...alice })).text.split('( ');
    const second = async () => (await post('/validate/simplecheck', { user: 'alice', pass: '', state })).text;
    assert.equal(await second(), ':-(');
    await phone.answer('ACCEPT');
    assert.deepEqual([await second(), await second()], [':-)', ':-(']);
  });

  it('get constants from ok and fail, and no status from check_t', async () => {
    const { post } = await givenLinotpGateway(undo);
    assert.equal((await post('/validate/ok')).json.result.value, true);
    assert.equal((await post('/validate/fail')).json.result.value, false);
    const { json } = await post('/validate/check_t', { transactionid: '111', pass: '123456' });
    assert.deepEqual([json.id, json.result.value], [1, { value: false, failcount: 0 }]);
    assert.deepEqual(json.detail, { value: false, failure: "No challenge for transaction '111' found" });
  });
});
