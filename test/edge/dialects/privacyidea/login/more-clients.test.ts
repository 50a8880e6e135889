import assert from 'node:assert/strict';
import { givenGateway } from '../../../../kit/gateway.ts';
import type { PiReply } from '../../../../kit/pi-client.ts';
import { cleanup } from '../../../../kit/temporary.ts';

/** A PIN that a second decoding would change. */
const odd = '50%41+ä';

describe('More plug-ins of privacyIDEA', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (...args: [wishes?: Parameters<typeof givenGateway>[1]]) => {
    const gateway = await givenGateway(undo, ...args);
    const as = (agent: string) => (form: Record<string, string>) => gateway.client.post('/validate/check', form, { 'user-agent': agent });
    return { ...gateway, as };
  };

  it('PAM (C++) polls by query until the phone says yes, and finishes with an empty password', async () => {
    // given a module whose user typed the PIN
    const { client, phoneOf, as } = await given();
    const phone = await phoneOf('alice');
    const check = as('PAM/1.1.0');
    const started = await check({ user: 'alice', pass: '1234', realm: 'corp' });
    const push = started.body.detail.multi_challenge.find(({ type }: { type: string }) => type === 'push');
    const poll = () => client.get('/validate/polltransaction', { transaction_id: push.transaction_id }, { 'user-agent': 'PAM/1.1.0' });
    // when it asks before and after the answer
    const before = await poll();
    await phone.answer((await phone.poll()).body.result.value[0].nonce);
    const after = await poll();
    const finished = await check({ user: 'alice', pass: '', transaction_id: push.transaction_id, realm: 'corp' });
    // then it sees booleans only
    assert.deepEqual(
      [before, after, finished].map(({ body }) => body.result.value),
      [false, true, true],
    );
  });

  it('PAM (Python) shows the message, and sends the input of its user with the transaction', async () => {
    const { phoneOf, as } = await given();
    const phone = await phoneOf('alice');
    const check = as('PAM/2.15.0');
    const wrong = await check({ user: 'alice', pass: 'wrong' });
    const started = await check({ user: 'alice', pass: '1234' });
    const { transaction_id: id, message, attributes } = started.body.detail;
    const impatient = await check({ user: 'alice', transaction_id: id, pass: '' });
    await phone.answer((await phone.poll()).body.result.value[0].nonce);
    // The user presses Enter or types any text; a push token ignores both.
    const finished = await check({ user: 'alice', transaction_id: id, pass: 'ok' });
    assert.deepEqual([typeof message, 'u2fSignRequest' in attributes], ['string', false]);
    // It prints the text of a refusal, and fails without one.
    assert.equal(wrong.body.detail.message, 'wrong otp pin');
    assert.deepEqual([impatient.body.result.value, finished.body.result.value], [false, true]);
  });

  it('the page of Keycloak polls from the browser of its user, without a credential', async () => {
    // given a login that the plug-in started
    const { client, phoneOf, challenge } = await given({
      more: { authServers: [{ name: 'keycloak', networks: ['127.0.0.1/32'], mounts: ['/'] }] },
    });
    const phone = await phoneOf('alice');
    const { id, nonce } = await challenge('alice', phone);
    const browser = { origin: 'https://login.example.com', 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)', accept: '*/*' };
    const poll = (): Promise<PiReply> => client.get('/validate/polltransaction', { transaction_id: id }, browser);
    // when the browser polls, again and again
    const polled = [await poll(), await poll()];
    await phone.answer(nonce);
    polled.push(await poll(), await poll());
    // then its page may read the replies, and its polls do not affect the plug-in
    assert.deepEqual(
      polled.map(({ body }) => body.detail.challenge_status),
      ['pending', 'pending', 'accept', 'accept'],
    );
    for (const { headers } of polled) assert.equal(headers.get('access-control-allow-origin'), '*');
    const finished = await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
    assert.deepEqual([finished.body.result.value, finished.headers.get('access-control-allow-origin')], [true, null]);
  });

  it('no page of another server may read the replies for auth servers', async () => {
    const { client } = await given({ mounts: [{ path: '/', serves: 'privacyidea' }] });
    const { headers } = await client.get('/validate/polltransaction', { transaction_id: '1' });
    assert.equal(headers.get('access-control-allow-origin'), null);
  });

  it('the Credential Provider of Windows encodes once, and its PIN is not decoded again', async () => {
    const { client, phoneOf, as } = await given();
    const phone = await phoneOf('alice', { pin: encodeURIComponent(odd) });
    const agent = 'privacyidea-cp/3.6.1 Windows/DESKTOP-1';
    const started = await as(agent)({ user: 'alice', pass: odd });
    const id = started.body.detail.transaction_id;
    await phone.answer((await phone.poll()).body.result.value[0].nonce);
    const polled = await client.get('/validate/polltransaction', { transaction_id: id }, { 'user-agent': agent });
    const finished = await as(agent)({ user: 'alice', pass: '', transaction_id: id });
    assert.deepEqual([polled.body.result.value, finished.body.result.authentication], [true, 'ACCEPT']);
    assert.equal((await as('other/1.0')({ user: 'alice', pass: odd })).body.detail.message, 'wrong otp pin');
  });

  it('the LDAP proxy encodes once and knows no challenges: it uses wait mode', async () => {
    const { phoneOf, as } = await given({ policies: [{ name: 'bind', scope: 'authentication', actions: { push_wait: 30 } }] });
    const phone = await phoneOf('alice', { pin: encodeURIComponent(odd) });
    const bind = as('privacyIDEA-LDAP-Proxy')({ user: 'alice', realm: '', pass: odd });
    let asked: { nonce: string }[] = [];
    while (asked.length === 0) asked = (await phone.poll()).body.result.value;
    await phone.answer(asked[0]?.nonce ?? '');
    const { body } = await bind;
    assert.deepEqual([body.result.value, body.detail.message], [true, 'matching 1 tokens']);
  });
});
