import assert from 'node:assert/strict';
import { minutes, seconds } from '../../../kit/clock.ts';
import type { GatewayWishes } from '../../../kit/gateway.ts';
import type { PiPhone } from '../../../kit/pi-phone.ts';
import { cleanup } from '../../../kit/temporary.ts';
import { givenRest, keys, type RestReply } from './given.ts';

const transfer = {
  user: 'alice',
  title: 'ACME Bank',
  text: 'Send money?',
  context: { Amount: '100 EUR', To: 'Bob' },
  binding: 'session-1',
};

/** The problem of a reply: its status and type. */
const problemOf = ({ status, body, headers }: RestReply): string => {
  assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.equal(body.status, status);
  return `${status} ${body.type.replace('urn:pushgate:problem:', '')}`;
};

describe('Challenges of the REST interface', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenShop = async (wishes: GatewayWishes = {}) => {
    const world = await givenRest(undo, wishes);
    const phone = await world.phoneOf('alice');
    /** The challenge as the phone gets it. */
    const shown = async () => (await phone.poll()).body.result.value.at(-1);
    const accepts = async (body: { number: string }, by: PiPhone = phone) => by.answer((await shown()).nonce, { option: body.number });
    return { ...world, phone, shown, accepts };
  };

  it('show text and context on the phone, are answered by its signature, and consumed once', async () => {
    const { rest, shown, accepts, clock } = await givenShop();
    // given a challenge that shows what is approved
    const created = await rest('POST /v1/challenges', transfer);
    assert.equal(created.status, 201, created.text);
    assert.equal(created.headers.get('location'), `/rest/v1/challenges/${created.body.id}`);
    const { title, question, presence_options: options } = await shown();
    assert.deepEqual([title, question], ['ACME Bank', 'Send money?\nAmount: 100 EUR\nTo: Bob']);
    assert.equal(created.body.mode, 'presence');
    assert.ok(options === undefined || options.split(',').length === 10, options);
    assert.equal(problemOf(await rest(`POST /v1/challenges/${created.body.id}/consume`, { binding: 'session-1' })), '409 not-accepted');
    // when the phone picks the number
    clock.advance(seconds(5));
    assert.equal((await accepts(created.body)).body.result.value, true);
    // then the state says so, and one call of the same session takes it
    const read = await rest(`GET /v1/challenges/${created.body.id}`);
    assert.deepEqual([read.body.status, read.body.number], ['accepted', undefined]);
    const consume = (binding?: string) => rest(`POST /v1/challenges/${created.body.id}/consume`, binding === undefined ? {} : { binding });
    assert.equal(problemOf(await consume('session-2')), '403 wrong-binding');
    assert.equal(problemOf(await consume()), '403 wrong-binding');
    const [one, other] = await Promise.all([consume('session-1'), consume('session-1')]);
    const [won, lost] = one.status === 200 ? [one, other] : [other, one];
    assert.deepEqual([won.status, won.body.status, won.body.user], [200, 'consumed', 'alice']);
    assert.equal(problemOf(lost), '409 already-consumed');
    assert.equal(problemOf(await consume('session-1')), '409 already-consumed');
  });

  it('end with a decline, and tell its reason', async () => {
    const { rest, phone, shown } = await givenShop();
    const { body } = await rest('POST /v1/challenges', transfer);
    await phone.answer((await shown()).nonce, { decline: true, reason: 'unknown_trigger' });
    const read = await rest(`GET /v1/challenges/${body.id}`);
    assert.deepEqual([read.body.status, read.body.reason, read.body.phones[0].state], ['declined', 'not-me', 'declined']);
    const refused = await rest(`POST /v1/challenges/${body.id}/consume`, { binding: 'session-1' });
    assert.deepEqual([problemOf(refused), refused.body.state], ['409 not-accepted', 'declined']);
  });

  it('can be a code that the user types', async () => {
    const { rest, phone, shown } = await givenShop();
    const { body } = await rest('POST /v1/challenges', { user: 'alice', mode: 'code' });
    assert.deepEqual([body.mode, body.digits, body.number], ['code', 6, undefined]);
    const answered = await phone.answer((await shown()).nonce);
    assert.equal((await rest(`GET /v1/challenges/${body.id}`)).body.status, 'code_shown');
    const code = JSON.stringify(answered.body).match(/"(\d{6})"/)?.[1] ?? '';
    const wrong = code === '000000' ? '000001' : '000000';
    assert.equal(problemOf(await rest(`POST /v1/challenges/${body.id}/consume`, { code: wrong })), '409 wrong-code');
    assert.equal((await rest(`POST /v1/challenges/${body.id}/consume`, { code })).body.status, 'consumed');
  });

  it('are only a tap when the caller asks for that', async () => {
    const { rest, client, clock, phone } = await givenShop({ mounts: [{ path: '/edumfa', serves: 'privacyidea', flavour: 'edumfa' }] });
    const { body } = await rest('POST /v1/challenges', { user: 'alice', mode: 'confirm' });
    assert.equal(body.mode, 'confirm');
    clock.advance(1);
    await phone.answer((await phone.poll()).body.result.value[0].nonce);
    assert.equal((await rest(`POST /v1/challenges/${body.id}/consume`, {})).status, 200);
    assert.ok(client);
  });

  it('can be waited for: the reply comes with the answer, or when the time is over', async () => {
    const { rest, accepts } = await givenShop();
    const { body } = await rest('POST /v1/challenges', transfer);
    const waiting = rest(`GET /v1/challenges/${body.id}?wait=20`);
    await accepts(body);
    assert.equal((await waiting).body.status, 'accepted');
    const other = await rest('POST /v1/challenges', transfer);
    assert.equal((await rest(`GET /v1/challenges/${other.body.id}?wait=1`)).body.status, 'pending');
  });

  it('can be withdrawn, also after an accept that nobody consumed', async () => {
    const { rest, accepts, phone } = await givenShop();
    const { body } = await rest('POST /v1/challenges', transfer);
    await accepts(body);
    assert.equal((await rest(`POST /v1/challenges/${body.id}/cancel`, {})).body.status, 'withdrawn');
    assert.equal((await rest(`POST /v1/challenges/${body.id}/cancel`, {})).body.status, 'withdrawn');
    assert.deepEqual((await phone.poll()).body.result.value, []);
    assert.equal(problemOf(await rest(`POST /v1/challenges/${body.id}/consume`, { binding: 'session-1' })), '409 not-accepted');
  });

  it('are made once for an idempotency key, which belongs to one body and one auth server', async () => {
    const { rest, phone, clock } = await givenShop();
    const withKey = (key: string, body: unknown = transfer, over = {}) =>
      rest('POST /v1/challenges', body, { headers: { 'idempotency-key': key }, ...over });
    // given a request that comes several times
    const all = await Promise.all([withKey('order-7'), withKey('order-7'), withKey('order-7')]);
    const first = all.find(({ status }) => status === 201);
    for (const each of all) assert.ok(each.status === 201 || problemOf(each) === '409 under-way', each.text);
    const again = await withKey('order-7');
    assert.deepEqual([again.status, again.headers.get('idempotency-replayed')], [201, 'true']);
    // then there is one challenge, with the same number
    assert.deepEqual(again.body, first?.body);
    assert.equal((await phone.poll()).body.result.value.length, 1);
    // and another body is refused, with the id of the first
    const other = await withKey('order-7', { ...transfer, binding: 'session-2' });
    assert.deepEqual([problemOf(other), other.body.id], ['409 key-reused', again.body.id]);
    const strangers = await withKey('order-7', transfer, { key: keys.stranger });
    assert.notEqual(strangers.body.id, again.body.id);
    assert.equal(problemOf(await withKey('x'.repeat(256))), '400 invalid-request');
    // until a day is over
    clock.advance(minutes(24 * 60));
    assert.notEqual((await withKey('order-7')).body.id, again.body.id);
  });

  it('may be asked again with the same key after a refusal', async () => {
    const { rest, phoneOf } = await givenShop();
    const asks = () => rest('POST /v1/challenges', { user: 'bob' }, { headers: { 'idempotency-key': 'one' } });
    assert.equal(problemOf(await asks()), '422 cannot-be-asked');
    await phoneOf('bob');
    assert.equal((await asks()).status, 201);
  });

  it('expire, as early as the caller wishes', async () => {
    const { rest, clock } = await givenShop();
    const { body } = await rest('POST /v1/challenges', { ...transfer, validitySeconds: 30 });
    clock.advance(seconds(30));
    assert.equal((await rest(`GET /v1/challenges/${body.id}`)).body.status, 'expired');
  });

  it('belong to the auth server that asked, and exist for nobody else', async () => {
    const { rest, accepts } = await givenShop();
    const { body } = await rest('POST /v1/challenges', transfer);
    await accepts(body);
    const { id } = body;
    for (const call of [`GET /v1/challenges/${id}`, `POST /v1/challenges/${id}/cancel`, `POST /v1/challenges/${id}/consume`]) {
      const sent = call.startsWith('GET') ? undefined : {};
      const foreign = await rest(call, sent, { key: keys.stranger });
      const unknown = await rest(call.replace(id, '12345678901234567890'), sent, { key: keys.stranger });
      assert.deepEqual([foreign.status, foreign.text], [404, unknown.text], call);
    }
    assert.equal((await rest(`POST /v1/challenges/${id}/consume`, { binding: 'session-1' })).status, 200);
  });

  it('are refused with the reason when no phone can be asked', async () => {
    const { rest, phone, client, admin } = await givenShop();
    const reasonOf = async (body: object) => {
      const reply = await rest('POST /v1/challenges', body);
      return `${problemOf(reply)} ${reply.body.reason ?? ''}`.trim();
    };
    assert.equal(await reasonOf({ user: 'nobody' }), '422 cannot-be-asked no-token');
    assert.equal(await reasonOf({ user: 'alice', realm: 'guests' }), '422 cannot-be-asked unknown-user');
    assert.equal(await reasonOf({ serial: 'PIPU00000000' }), '422 cannot-be-asked no-token');
    await client.post('/token/disable', { serial: phone.serial }, admin);
    assert.equal(await reasonOf({ user: 'alice' }), '422 cannot-be-asked unusable-token');
    assert.equal(await reasonOf({ serial: phone.serial }), '422 cannot-be-asked unusable-token');
  });

  it('obey the policies about who may log in, and how often a phone may ring', async () => {
    const { rest, clock } = await givenShop({
      policies: [
        { name: 'no bob', scope: 'authorization', match: { user: ['bob'] }, actions: { authorized: 'deny_access' } },
        { name: 'two', scope: 'authentication', actions: { push_open_challenges: 2 } },
      ],
    });
    assert.equal(problemOf(await rest('POST /v1/challenges', { user: 'bob' })), '403 not-allowed');
    const made = [];
    for (let times = 0; times < 3; times += 1) {
      clock.advance(1);
      made.push(await rest('POST /v1/challenges', transfer));
    }
    const open = await Promise.all(made.map(async ({ body }) => (await rest(`GET /v1/challenges/${body.id}`)).body.status));
    assert.deepEqual(open, ['withdrawn', 'pending', 'pending']);
  });

  describe('refuse bad input, naming the field and the rule', () => {
    const rows: [title: string, body: unknown, fields: string[]][] = [
      ['nobody named', {}, ['/user']],
      ['both named', { user: 'alice', serial: 'PIPU1' }, ['/user']],
      ['an unknown field', { user: 'alice', pin: '1234' }, ['/pin']],
      ['several', { user: 'alice', mode: 'shout', validitySeconds: 1 }, ['/mode', '/validitySeconds']],
      ['context without a text', { user: 'alice', context: { a: 'b' } }, ['/text']],
      ['text too long for a phone', { user: 'alice', text: 'ä'.repeat(300) }, ['/text']],
      ['a text with control characters', { user: 'alice', text: 'pay\u0007' }, ['/text']],
      ['a text with reversed direction', { user: 'alice', text: 'pay \u202e001' }, ['/text']],
      ['a detail with reversed direction', { user: 'alice', text: 'pay', context: { 'a/b': '\u202e001' } }, ['/context/a~1b']],
      ['a text with a line separator', { user: 'alice', text: 'pay\u2028To: Eve' }, ['/text']],
      ['a title of two lines', { user: 'alice', title: 'ACME\nBank' }, ['/title']],
      [
        'details that read as other details',
        { user: 'alice', text: 'pay', context: { To: 'Bob\nAmount: 1 EUR', 'For\nTo': 'x' } },
        ['/context/To', '/context/For\nTo'],
      ],
      ['an empty binding', { user: 'alice', binding: '' }, ['/binding']],
      ['a list', [], ['']],
    ];
    it('each of them', async () => {
      const { rest } = await givenShop();
      for (const [title, body, fields] of rows) {
        const reply = await rest('POST /v1/challenges', body);
        assert.equal(problemOf(reply), '400 invalid-request', title);
        assert.deepEqual(
          reply.body.errors.map(({ field }: { field: string }) => field),
          fields,
          `${title}: ${reply.text}`,
        );
      }
      const broken = { body: '{"user":', headers: { 'content-type': 'application/json' } };
      assert.equal(problemOf(await rest('POST /v1/challenges', {}, broken)), '400 invalid-request');
      const form = { body: 'user=alice', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
      assert.equal(problemOf(await rest('POST /v1/challenges', {}, form)), '415 unsupported-media-type');
      assert.equal(problemOf(await rest('GET /v1/challenges/1?wait=soon')), '400 invalid-request');
      assert.equal(problemOf(await rest('DELETE /v1/challenges/1')), '405 method-not-allowed');
      assert.equal(problemOf(await rest('GET /v1/nothing')), '404 not-found');
      assert.equal(problemOf(await rest('POST /v1/challenges', transfer, { key: 'x'.repeat(30) })), '401 not-authenticated');
    });
  });

  it('are taken by this interface alone: a login by the privacyIDEA API needs neither their binding nor their code', async () => {
    const { rest, accepts, phone, shown, client } = await givenShop();
    const login = async (id: string, pass: string) => {
      const body = new URLSearchParams({ user: 'alice', transaction_id: id, pass });
      const headers = { authorization: `Bearer ${keys.shop}` };
      const reply = await fetch(`${client.url}/validate/check`, { method: 'POST', body, headers });
      return ((await reply.json()) as RestReply['body']).result.value;
    };
    // given an approval of the auth server that also checks logins by the other API
    const { body: approval } = await rest('POST /v1/challenges', transfer);
    await accepts(approval);
    // when somebody logs in there with its id, and with the code of another one
    assert.equal(await login(approval.id, ''), false);
    const { body: coded } = await rest('POST /v1/challenges', { user: 'alice', mode: 'code', binding: 'session-1' });
    const answered = await phone.answer((await shown()).nonce);
    const code = JSON.stringify(answered.body).match(/"(\d{6})"/)?.[1] ?? '';
    assert.equal(await login(coded.id, code), false);
    // then nobody is in, and the application takes both
    const consume = (id: string, more: object) => rest(`POST /v1/challenges/${id}/consume`, { binding: 'session-1', ...more });
    assert.deepEqual([(await consume(approval.id, {})).status, (await consume(coded.id, { code })).status], [200, 200]);
  });

  it('are not taken when the push token was disabled after its accept', async () => {
    const { rest, accepts } = await givenShop();
    const { body } = await rest('POST /v1/challenges', transfer);
    await accepts(body);
    const turn = (act: string) => rest(`POST /v1/tokens/${body.phones[0].serial}/${act}`, {});
    const consume = () => rest(`POST /v1/challenges/${body.id}/consume`, { binding: 'session-1' });
    // when the push token is disabled between accept and consume
    await turn('disable');
    const refused = await consume();
    // then nobody is in, and the reply says why
    assert.deepEqual([problemOf(refused), refused.body.state], ['409 not-accepted', 'accepted']);
    assert.match(refused.body.detail, /push token that accepted/);
    await turn('enable');
    assert.equal((await consume()).status, 200);
  });

  it('turn a caller away that guesses bindings, and take the right one', async () => {
    const { rest, accepts } = await givenShop();
    const { body } = await rest('POST /v1/challenges', transfer);
    await accepts(body);
    const guess = (binding: string) => rest(`POST /v1/challenges/${body.id}/consume`, { binding });
    let last = await guess('guess');
    for (let times = 0; times < 200 && last.status === 403; times += 1) last = await guess(`guess ${times}`);
    assert.equal(problemOf(last), '429 turned-away');
    assert.ok(Number(last.headers.get('retry-after')) > 0);
    // then the right one is still taken
    assert.equal((await guess('session-1')).status, 200);
  });
});
