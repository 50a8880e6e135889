import assert from 'node:assert/strict';
import { givenGateway } from '../../../../kit/gateway.ts';
import { cleanup } from '../../../../kit/temporary.ts';

describe('Presence: the user picks the option that the login page shows', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (actions: object = {}) => {
    const policies = [{ name: 'presence', scope: 'authentication', actions: { push_require_presence: true, ...actions } }];
    const gateway = await givenGateway(undo, { policies });
    const phone = await gateway.phoneOf('alice');
    const started = await gateway.client.post('/validate/check', { user: 'alice', pass: '1234' });
    const [asked] = (await phone.poll()).body.result.value;
    const { detail } = started.body;
    const options: string[] = asked.require_presence.split(',');
    const finish = () => gateway.client.post('/validate/check', { user: 'alice', pass: '', transaction_id: detail.transaction_id });
    const wrong = options.filter((option) => option !== detail.presence_answer);
    return { ...gateway, phone, detail, asked, options, wrong, finish };
  };

  it('shows ten letters by default, one of them right, and names it in the text', async () => {
    const { detail, asked, options } = await given();
    assert.equal(new Set(options).size, 10);
    assert.ok(options.every((option) => /^[A-Z]$/.test(option)));
    assert.ok(options.includes(detail.presence_answer));
    assert.equal(asked.version, '2');
    assert.equal(detail.message, `Please confirm the authentication on your mobile device! Please press: ${detail.presence_answer}`);
    assert.deepEqual([detail.client_mode, detail.multi_challenge[0].presence_answer], ['poll', detail.presence_answer]);
  });

  it('uses numbers or own options, as many as policies say, and puts the right one in place of the tag', async () => {
    const numeric = await given({ push_presence_options: 'NUMERIC', push_presence_num_options: 10 });
    assert.equal(new Set(numeric.options).size, 10);
    assert.ok(numeric.options.every((option) => /^\d\d$/.test(option)));
    const own = await given({
      push_presence_options: 'CUSTOM',
      push_presence_custom_options: 'fish:bird',
      push_presence_num_options: 4,
      push_challenge_text: 'Press {presence_answer} now',
    });
    assert.deepEqual([...own.options].sort(), ['bird', 'fish']);
    assert.equal(own.detail.message, `Press ${own.detail.presence_answer} now`);
  });

  it('is accepted by the right option only', async () => {
    const { phone, asked, detail, finish } = await given();
    const without = await phone.answer(asked.nonce);
    assert.equal(without.body.result.value, false);
    assert.equal((await phone.answer(asked.nonce, { option: detail.presence_answer })).body.result.value, true);
    assert.equal((await finish()).body.result.authentication, 'ACCEPT');
  });

  it('allows one wrong option, also when it is sent twice, and locks at the second', async () => {
    const { client, phone, asked, detail, wrong, finish } = await given();
    const [first = '', second = ''] = wrong;
    for (const option of [first, first]) assert.equal((await phone.answer(asked.nonce, { option })).body.result.value, false);
    assert.equal(
      (await client.get('/validate/polltransaction', { transaction_id: detail.transaction_id })).body.detail.challenge_status,
      'pending',
    );
    assert.equal((await phone.answer(asked.nonce, { option: second })).body.result.value, false);
    assert.equal((await phone.answer(asked.nonce, { option: detail.presence_answer })).body.result.value, false);
    assert.equal(
      (await client.get('/validate/polltransaction', { transaction_id: detail.transaction_id })).body.detail.challenge_status,
      'declined',
    );
    assert.equal((await finish()).body.result.authentication, 'REJECT');
  });

  for (const [what, actions] of [
    ['three options', { push_presence_num_options: 3 }],
    ['nine options', { push_presence_num_options: 9 }],
    ['two options of its own', { push_presence_options: 'CUSTOM', push_presence_custom_options: 'fish:bird' }],
  ] as const) {
    it(`locks at the first wrong option where there are ${what}`, async () => {
      const { phone, asked, detail, wrong, finish } = await given(actions);
      // when the phone picks a wrong option, and then the right one
      assert.equal((await phone.answer(asked.nonce, { option: wrong[0] ?? '' })).body.result.value, false);
      assert.equal((await phone.answer(asked.nonce, { option: detail.presence_answer })).body.result.value, false);
      // then that was one pick too many
      assert.equal((await finish()).body.result.authentication, 'REJECT');
    });
  }

  it('can be declined with any option', async () => {
    const { client, phone, asked, detail, wrong } = await given();
    assert.equal((await phone.answer(asked.nonce, { decline: true, option: wrong[0] ?? '' })).body.result.value, true);
    assert.equal(
      (await client.get('/validate/polltransaction', { transaction_id: detail.transaction_id })).body.detail.challenge_status,
      'declined',
    );
  });

  it('shows the same options on all phones of a user', async () => {
    const { client, clock, phone, phoneOf } = await given();
    const second = await phoneOf('alice');
    clock.advance(1);
    const started = await client.post('/validate/check', { user: 'alice', pass: '1234' });
    const shown = await Promise.all([phone, second].map(async (each) => (await each.poll()).body.result.value.at(-1).require_presence));
    assert.equal(shown[0], shown[1]);
    const answers = started.body.detail.multi_challenge.map(({ presence_answer }: { presence_answer: string }) => presence_answer);
    assert.equal(new Set(answers).size, 1);
  });
});

describe('Code to phone: the phone shows a code, which the user types', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (actions: object = {}) => {
    const policies = [{ name: 'code', scope: 'authentication', actions: { push_code_to_phone: true, ...actions } }];
    const gateway = await givenGateway(undo, { policies });
    const phone = await gateway.phoneOf('alice');
    const started = await gateway.client.post('/validate/check', { user: 'alice', pass: '1234' });
    const [asked] = (await phone.poll()).body.result.value;
    const { detail } = started.body;
    const type = (pass: string) => gateway.client.post('/validate/check', { user: 'alice', pass, transaction_id: detail.transaction_id });
    const failures = async () =>
      (await gateway.client.get('/token/', { serial: phone.serial }, gateway.admin)).body.result.value.tokens[0].failcount;
    return { ...gateway, phone, detail, asked, type, failures };
  };

  it('requests input, shows six digits by default, and accepts them once', async () => {
    const { phone, detail, asked, type, client } = await given();
    assert.deepEqual(
      [detail.client_mode, detail.attributes.hideResponseInput, detail.message, asked.require_presence],
      ['interactive', false, 'Please enter the code displayed on your smartphone.', undefined],
    );
    const confirmed = await phone.answer(asked.nonce);
    const { display_code: code, message } = confirmed.body.detail;
    assert.match(code, /^\d{6}$/);
    assert.equal(message, 'Enter the code to log in');
    // it waits for the code, and shows the same one when the phone asks again
    assert.equal(
      (await client.get('/validate/polltransaction', { transaction_id: detail.transaction_id })).body.detail.challenge_status,
      'pending',
    );
    assert.equal((await phone.answer(asked.nonce)).body.detail.display_code, code);
    assert.equal((await type(code)).body.result.authentication, 'ACCEPT');
    assert.equal((await type(code)).body.result.authentication, 'REJECT');
  });

  it('accepts no code before the phone has confirmed, without counting a failure', async () => {
    const { type, failures } = await given();
    for (let code = 0; code < 10; code += 1) assert.equal((await type(`00000${code}`)).body.result.authentication, 'REJECT');
    assert.equal(await failures(), 0);
  });

  it('counts wrong codes against the token and locks at the third', async () => {
    const { phone, asked, type, failures } = await given({ push_code_to_phone_digits: 6, push_code_to_phone_message: 'Type me' });
    const { display_code: code, message } = (await phone.answer(asked.nonce)).body.detail;
    assert.match(code, /^\d{6}$/);
    assert.equal(message, 'Type me');
    const wrong = code === '000000' ? '000001' : '000000';
    assert.equal((await type('')).body.result.authentication, 'REJECT');
    for (let time = 0; time < 3; time += 1) assert.equal((await type(wrong)).body.result.authentication, 'REJECT');
    assert.equal(await failures(), 3);
    assert.equal((await type(code)).body.result.authentication, 'REJECT');
  });

  it('keeps counting wrong codes in the next challenge', async () => {
    const { phone, asked, type, failures, challenge, client } = await given();
    const wrongFor = (code: string) => (code === '000000' ? '000001' : '000000');
    // given a challenge that three wrong codes have locked
    const first = (await phone.answer(asked.nonce)).body.detail.display_code;
    for (let time = 0; time < 3; time += 1) await type(wrongFor(first));
    // when another one is begun, and a wrong code is typed there
    const next = await challenge('alice', phone);
    const second = (await phone.answer(next.nonce)).body.detail.display_code;
    assert.equal(await failures(), 3);
    await client.post('/validate/check', { user: 'alice', pass: wrongFor(second), transaction_id: next.id });
    // then it is the fourth
    assert.equal(await failures(), 4);
  });

  it('never stores or logs the code', async () => {
    const { phone, asked, logged, type } = await given({ push_code_to_phone_digits: 8 });
    const { display_code: code } = (await phone.answer(asked.nonce)).body.detail;
    await type(code);
    assert.doesNotMatch(JSON.stringify(logged), new RegExp(code));
  });
});
