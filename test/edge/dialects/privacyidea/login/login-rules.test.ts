import assert from 'node:assert/strict';
import { givenGateway } from '../../../../kit/gateway.ts';
import { cleanup } from '../../../../kit/temporary.ts';

type Rule = { name: string; scope?: string; match?: object; actions: object };
const authentication = (actions: object, match: object = {}): Rule => ({ name: 'how', scope: 'authentication', match, actions });
const authorization = (actions: object, match: object = {}): Rule => ({ name: 'who', scope: 'authorization', match, actions });

describe('Rules of a login', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (rules: Rule[], settings: object = {}) => {
    const policies = rules.map((rule, index) => ({ ...rule, name: index === 0 ? rule.name : `${rule.name} ${index}` }));
    const gateway = await givenGateway(undo, { policies, settings });
    const { client, admin } = gateway;
    const check = (user: string, more: Record<string, string> = {}) => client.post('/validate/check', { user, pass: '1234', ...more });
    const trigger = (user: string, more: Record<string, string> = {}) =>
      client.post('/validate/triggerchallenge', { user, ...more }, admin);
    return { ...gateway, check, trigger };
  };

  describe('authorized', () => {
    it('refuses before anything is sent, counted or revealed, with a right and a wrong PIN', async () => {
      const { phoneOf, check, trigger, client, admin } = await given([
        authorization({ authorized: 'grant_access' }, { user: ['alice'] }),
        authorization({ authorized: 'deny_access' }),
      ]);
      const [alice, bob] = [await phoneOf('alice'), await phoneOf('bob')];
      const refused = [await check('bob'), await check('bob', { pass: 'wrong' }), await check('nobody'), await trigger('bob')];
      for (const { status, body } of refused)
        assert.deepEqual(
          [status, body.result.error?.code, body.result.error?.message],
          [400, 401, 'ERR401: User is not authorized to authenticate under these conditions.'],
        );
      const radius = await fetch(`${client.url}/validate/radiuscheck?user=bob&pass=1234`);
      assert.equal(radius.status, 400);
      assert.deepEqual((await bob.poll()).body.result.value, []);
      assert.equal((await client.get('/token/', { serial: bob.serial }, admin)).body.result.value.tokens[0].failcount, 0);
      assert.equal((await check('alice')).body.detail.serial, alice.serial);
    });

    it('uses the notes of a push token, and excludes that token', async () => {
      const condition = { section: 'tokeninfo', key: 'state', comparator: 'equals', value: 'lost' };
      const { phoneOf, check, client, admin } = await given([authorization({ authorized: 'deny_access' }, { conditions: [condition] })]);
      const [lost, kept] = [await phoneOf('alice'), await phoneOf('alice')];
      await client.post(`/token/info/${lost.serial}/state`, { value: 'lost' }, admin);
      const { body } = await check('alice');
      assert.deepEqual(
        body.detail.multi_challenge.map(({ serial }: { serial: string }) => serial),
        [kept.serial],
      );
    });
  });

  describe('types and serials of tokens', () => {
    it('lets a client choose a type only where policies allow that', async () => {
      const free = await given([]);
      await free.phoneOf('alice');
      assert.equal((await free.check('alice', { type: 'hotp' })).body.result.authentication, 'CHALLENGE');
      const bound = await given([authorization({ application_tokentype: true })]);
      const phone = await bound.phoneOf('alice');
      const wrong = await bound.check('alice', { type: 'hotp' });
      assert.deepEqual([wrong.body.result.value, wrong.body.detail.message], [false, 'No suitable token found for authentication.']);
      assert.equal((await bound.check('alice', { type: 'PUSH' })).body.detail.serial, phone.serial);
      assert.equal((await bound.trigger('alice', { type: 'hotp' })).body.result.value, 0);
    });

    for (const [what, rule] of [
      ['disabled_token_types', authentication({ disabled_token_types: 'hotp push' })],
      ['tokentype', authorization({ tokentype: 'hotp' })],
      ['serial', authorization({ serial: '^HW' })],
    ] as const) {
      it(`excludes tokens that ${what} does not allow, and asks no phone`, async () => {
        const { phoneOf, check, trigger } = await given([rule]);
        const phone = await phoneOf('alice');
        const refused = await check('alice');
        assert.deepEqual([refused.body.result.value, refused.body.detail.message], [false, 'No suitable token found for authentication.']);
        assert.equal((await trigger('alice')).body.result.value, 0);
        assert.deepEqual((await phone.poll()).body.result.value, []);
      });
    }

    it('keeps to the serials of its pattern', async () => {
      const { phoneOf, check } = await given([authorization({ serial: '1$', tokentype: 'push' })]);
      await phoneOf('alice', { serial: 'PHONE-2' });
      await phoneOf('alice', { serial: 'PHONE-1' });
      assert.equal((await check('alice')).body.detail.serial, 'PHONE-1');
    });

    it('does not treat a user as one without tokens because a rule excludes all of them', async () => {
      const { phoneOf, check } = await given([
        authentication({ passOnNoToken: true, disabled_token_types: 'push' }),
        authorization({ application_tokentype: true }),
      ]);
      await phoneOf('alice');
      assert.equal((await check('alice')).body.result.value, false);
      assert.equal((await check('alice', { type: 'hotp' })).body.result.value, false);
      assert.equal((await check('bob')).body.detail.message, "user has no token, accepted due to 'how'");
    });

    it('finishes no login with a push token that a rule has excluded meanwhile', async () => {
      const lost = { section: 'tokeninfo', key: 'state', comparator: 'equals', value: 'lost' };
      const { phoneOf, challenge, client, admin } = await given([authorization({ authorized: 'deny_access' }, { conditions: [lost] })]);
      const phone = await phoneOf('alice');
      const { id, nonce } = await challenge('alice', phone);
      await phone.answer(nonce);
      await client.post(`/token/info/${phone.serial}/state`, { value: 'lost' }, admin);
      const { body } = await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
      assert.equal(body.result.value, false);
    });
  });

  describe('the content of a reply', () => {
    it('may omit the detail of a success', async () => {
      const { phoneOf, challenge, client } = await given([authorization({ no_detail_on_success: true })]);
      const phone = await phoneOf('alice');
      const { id, nonce } = await challenge('alice', phone);
      await phone.answer(nonce);
      const { body } = await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
      assert.deepEqual([body.result.authentication, 'detail' in body], ['ACCEPT', false]);
    });

    it('may omit the detail of all else, even the transaction of a challenge', async () => {
      const { phoneOf, check, client } = await given([authorization({ no_detail_on_fail: true })]);
      await phoneOf('alice');
      const challenge = await check('alice');
      assert.deepEqual([challenge.body.result.authentication, 'detail' in challenge.body], ['CHALLENGE', false]);
      const wrong = await check('alice', { pass: 'wrong' });
      assert.deepEqual([wrong.body.result.authentication, 'detail' in wrong.body], ['REJECT', false]);
      const saml = await client.post('/validate/samlcheck', { user: 'alice', pass: 'wrong' });
      assert.deepEqual([saml.body.result.value.auth, 'detail' in saml.body], [false, false]);
    });

    const texts: [string, object, string][] = [
      ['a header', { challenge_text_header: 'Do this:' }, 'Do this:\nCall PIPU-1, Call PIPU-2\n'],
      [
        'a header that opens a list, and a footer',
        { challenge_text_header: 'One of <UL>', challenge_text_footer: '</ul>' },
        'One of <UL><li>Call PIPU-1</li>\n<li>Call PIPU-2</li>\n</ul>',
      ],
      ['a footer without a header', { challenge_text_footer: 'alone' }, 'Call PIPU-2, Call PIPU-1'],
    ];
    for (const [what, actions, expected] of texts) {
      it(`surrounds the texts of a challenge by ${what}`, async () => {
        const { phoneOf, trigger } = await given([
          authentication({ ...actions, challenge_text: 'Call PIPU-2' }, { conditions: [serialIs('B')] }),
          authentication({ ...actions, challenge_text: 'Call PIPU-1' }, { conditions: [serialIs('C')] }),
          authentication(actions),
        ]);
        await phoneOf('alice', { serial: 'B' });
        await phoneOf('alice', { serial: 'C' });
        assert.equal((await trigger('alice')).body.detail.message, expected);
      });
    }

    it('has filled tags, empty unknown ones, and the option in place of its tag', async () => {
      const { phoneOf, check } = await given([
        authentication({
          challenge_text: 'not this one',
          push_challenge_text: '{username}@{userrealm} {serial}{otp}{client_ip}: {presence_answer}!',
          push_require_presence: true,
        }),
      ]);
      const phone = await phoneOf('alice');
      const { body } = await check('alice');
      assert.equal(body.detail.message, `alice@corp ${phone.serial}: ${body.detail.presence_answer}!`);
    });

    it('has an empty text for the option where there is none', async () => {
      const { phoneOf, check } = await given([authentication({ challenge_text: 'Press {presence_answer}now' })]);
      await phoneOf('alice');
      assert.equal((await check('alice')).body.detail.message, 'Press now');
    });

    it('is the same text to phones for every refusal, with its status', async () => {
      const { client, phoneOf } = await given([{ name: 'hide', scope: 'token', actions: { hide_specific_error_message_for_ttype: true } }]);
      const phone = await phoneOf('alice');
      const refused = [
        [404, await client.post('/ttype/push', { serial: 'NONE', nonce: 'A', signature: 'B' })],
        [400, await client.post('/ttype/push', {})],
        [400, await client.get('/ttype/push', { serial: phone.serial, timestamp: 'now', signature: 'A' })],
        [400, await client.post('/ttype/banana', {})],
      ] as const;
      for (const [expected, { status, body }] of refused)
        assert.deepEqual([status, body.result.error], [expected, { code: -311, message: 'Failed special token function' }]);
      assert.deepEqual((await phone.poll()).body.result.value, []);
    });
  });

  it('refuses a code without a PIN: a push token has none, and nothing is counted', async () => {
    const { phoneOf, client, admin } = await given([]);
    const { serial } = await phoneOf('alice');
    const { body } = await client.post('/validate/check', { serial, pass: '1234', otponly: '1' });
    assert.deepEqual([body.result.value, body.detail.message], [false, 'OTP verification failed.']);
    assert.equal((await client.get('/token/', { serial }, admin)).body.result.value.tokens[0].failcount, 0);
  });

  describe('the address of the user', () => {
    const rules = [
      authorization({ authorized: 'grant_access' }, { client: ['10.1.0.0/16'] }),
      authorization({ authorized: 'deny_access' }),
    ];

    it('may come from a known proxy, for policies and for the text on the phone', async () => {
      const text = authentication({ push_text_on_mobile: 'Login from {client_ip} by {action}?' });
      const { phoneOf, check } = await given([...rules, text], { OverrideAuthorizationClient: '127.0.0.1 > 10.0.0.0/8' });
      const phone = await phoneOf('alice');
      assert.equal((await check('alice', { client: '10.1.2.3' })).body.result.authentication, 'CHALLENGE');
      assert.equal((await phone.poll()).body.result.value[0].question, 'Login from 10.1.2.3 by /validate/check?');
      assert.equal((await check('alice', { client: '10.2.2.3' })).status, 400);
      assert.equal((await check('alice', { client: '192.0.2.1' })).status, 400);
    });

    it('is not accepted from others, and never identifies the caller', async () => {
      const strangers = await given(rules);
      await strangers.phoneOf('alice');
      assert.equal((await strangers.check('alice', { client: '10.1.2.3' })).status, 400);
      const { phoneOf, check } = await given([], { OverrideAuthorizationClient: '127.0.0.1' });
      await phoneOf('alice');
      // The named address belongs to no auth server; that of the sender does.
      assert.equal((await check('alice', { client: '203.0.113.1' })).body.result.authentication, 'CHALLENGE');
    });
  });

  it('can require a parameter of the request', async () => {
    const condition = { section: 'Request Data', key: 'zone', comparator: 'equals', value: 'dmz' };
    const { phoneOf, check } = await given([authorization({ authorized: 'deny_access' }, { conditions: [condition] })]);
    await phoneOf('alice');
    assert.equal((await check('alice', { zone: 'dmz' })).status, 400);
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`a${index}`, '1']));
    assert.equal((await check('alice', { ...many, zone: 'dmz' })).status, 400, 'wherever it stands');
    assert.equal((await check('alice', { zone: 'lan' })).body.result.authentication, 'CHALLENGE');
  });

  it('refuses as misconfigured a request without a mandatory value of a condition', async () => {
    const condition = { section: 'HTTP Request header', key: 'X-Zone', comparator: 'equals', value: 'dmz', on_missing: 'raise_error' };
    const { phoneOf, check } = await given([authorization({ authorized: 'deny_access' }, { conditions: [condition] })]);
    await phoneOf('alice');
    const { status, body } = await check('alice');
    assert.deepEqual([status, body.result.error?.code], [400, 302]);
  });
});

const serialIs = (value: string) => ({ section: 'token', key: 'serial', comparator: 'equals', value });
