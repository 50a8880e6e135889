import assert from 'node:assert/strict';
import { givenGateway } from '../../../../kit/gateway.ts';
import type { PiPhone } from '../../../../kit/pi-phone.ts';
import { cleanup } from '../../../../kit/temporary.ts';

describe('Wait mode: the login request itself waits for the phone', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (seconds: number, actions: object = {}) => {
    const policies = [{ name: 'wait', scope: 'authentication', actions: { push_wait: seconds, ...actions } }];
    const gateway = await givenGateway(undo, { policies });
    const failures = async (serial: string) =>
      (await gateway.client.get('/token/', { serial }, gateway.admin)).body.result.value.tokens[0].failcount;
    const start = (pass = '1234') => gateway.client.post('/validate/check', { user: 'alice', pass });
    return { ...gateway, failures, start };
  };

  /** Polls until a challenge is waiting for the phone. */
  const asked = async (phone: PiPhone): Promise<string> => {
    for (;;) {
      const [challenge] = (await phone.poll()).body.result.value;
      if (challenge) return challenge.nonce;
    }
  };

  it('is accepted as soon as the phone says yes, once, without a transaction', async () => {
    const { client, phoneOf, start, failures, gateway } = await given(60);
    const phone = await phoneOf('alice');
    const login = start();
    await phone.answer(await asked(phone));
    const { body } = await login;
    const { threadid, ...detail } = body.detail;
    assert.equal(body.result.authentication, 'ACCEPT');
    assert.deepEqual(detail, { message: 'matching 1 tokens', serial: phone.serial, type: 'push', otplen: 6 });
    assert.equal(typeof threadid, 'number');
    await gateway.settled();
    assert.equal(await failures(phone.serial), 0);
    assert.match(await (await fetch(`${client.url}/metrics`)).text(), /pushgate_result_waiters\{kind="push_wait"\} 0/);
  });

  it('ends at once when the phone says no, and counts that', async () => {
    const { phoneOf, start, failures } = await given(60);
    const phone = await phoneOf('alice');
    const login = start();
    await phone.answer(await asked(phone), { decline: true, reason: 'cancelled' });
    const { body } = await login;
    assert.deepEqual(
      [body.result.value, body.result.authentication, body.detail.message, body.detail.challenge_status],
      [false, 'DECLINED', 'wrong otp value', 'cancelled'],
    );
    assert.equal(await failures(phone.serial), 1);
  });

  it('ends with its time limit, and then nothing can be answered', async () => {
    const { phoneOf, start, failures } = await given(1);
    const phone = await phoneOf('alice');
    const login = start();
    const nonce = await asked(phone);
    const { body } = await login;
    assert.deepEqual(
      [body.result.authentication, body.detail.message, body.detail.challenge_status],
      ['REJECT', 'wrong otp value', undefined],
    );
    assert.equal((await phone.answer(nonce)).body.result.value, false);
    assert.equal(await failures(phone.serial), 1);
  });

  it('asks all phones of a user at once, for a plain yes or no', async () => {
    const { phoneOf, start } = await given(60, { push_require_presence: true });
    const phones = [await phoneOf('alice'), await phoneOf('alice')];
    const login = start();
    const nonces = await Promise.all(phones.map(asked));
    await phones[1]?.answer(nonces[1] ?? '');
    assert.equal((await login).body.detail.serial, phones[1]?.serial);
    assert.equal((await phones[0]?.answer(nonces[0] ?? ''))?.body.result.value, false);
  });

  it('ends when the client goes away: the phone is no longer asked', async () => {
    const { client, phoneOf } = await given(60);
    const phone = await phoneOf('alice');
    const gone = new AbortController();
    const body = new URLSearchParams({ user: 'alice', pass: '1234' });
    const login = fetch(`${client.url}/validate/check`, { method: 'POST', body, signal: gone.signal });
    const ended = assert.rejects(login, { name: 'AbortError' });
    await asked(phone);
    gone.abort();
    await ended;
    while ((await phone.poll()).body.result.value.length > 0);
  });

  it('asks no phone for a wrong PIN', async () => {
    const { phoneOf, start } = await given(60);
    const phone = await phoneOf('alice');
    assert.equal((await start('wrong')).body.detail.message, 'wrong otp pin');
    assert.deepEqual((await phone.poll()).body.result.value, []);
  });
});
