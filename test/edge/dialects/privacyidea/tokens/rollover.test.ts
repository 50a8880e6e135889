import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { givenGateway } from '../../../../kit/gateway.ts';
import { givenLinotpGateway } from '../../../../kit/linotp-gateway.ts';
import { piPhone } from '../../../../kit/pi-phone.ts';
import { cleanup } from '../../../../kit/temporary.ts';

const anotherKey = () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
};

describe('A new phone for a push token (rollover)', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('keeps serial, owner and PIN, and removes the old phone', async () => {
    // given alice, in the middle of a login
    const { client, admin, clock, phoneOf, challenge } = await givenGateway(undo);
    const old = await phoneOf('alice');
    const { id, nonce } = await challenge('alice', old);
    // when her token is to be bound to another phone
    const wish = { type: 'push', genkey: '1', serial: old.serial, rollover: '1' };
    const { body } = await client.post('/token/init', wish, admin);
    assert.deepEqual([body.detail?.serial, body.detail?.rollout_state], [old.serial, 'clientwait'], JSON.stringify(body));
    // then the old phone gets no challenge, its answers are refused, and no login succeeds meanwhile
    assert.equal((await old.poll()).status, 400);
    assert.equal((await old.answer(nonce)).body.result.value, false);
    const meanwhile = await client.post('/validate/check', { user: 'alice', pass: '1234' });
    assert.equal(meanwhile.body.detail.message, 'No suitable token found for authentication.');
    // and when the new phone has finished, it does not inherit the login that was open
    const next = piPhone(client, { serial: old.serial, credential: body.detail.enrollment_credential, clock });
    assert.equal((await next.rollout()).status, 200);
    assert.equal((await next.answer(nonce)).body.result.value, false);
    assert.equal((await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id })).body.result.value, false);
    assert.equal((await client.post('/validate/check', { user: 'alice', pass: '1234' })).body.result.authentication, 'CHALLENGE');
  });

  it('an unused answer of the old phone finishes no login', async () => {
    const { client, admin, clock, phoneOf, challenge } = await givenGateway(undo);
    const old = await phoneOf('alice');
    const { id, nonce } = await challenge('alice', old);
    assert.equal((await old.answer(nonce)).body.result.value, true);
    const wish = { type: 'push', genkey: '1', serial: old.serial, rollover: '1' };
    const { enrollment_credential: credential } = (await client.post('/token/init', wish, admin)).body.detail;
    const finish = async () => (await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id })).body.result.value;
    assert.equal(await finish(), false);
    const next = piPhone(client, { serial: old.serial, credential, clock });
    assert.equal((await next.rollout({ pubkey: anotherKey() })).status, 200);
    assert.equal(await finish(), false);
  });

  it('the old QR code and the old credential are invalid', async () => {
    const { client, admin } = await givenGateway(undo);
    const wish = { type: 'push', genkey: '1', user: 'alice', serial: 'T1' };
    const first = (await client.post('/token/init', wish, admin)).body.detail;
    const second = (await client.post('/token/init', { ...wish, rollover: 'true' }, admin)).body.detail;
    assert.notEqual(second.enrollment_credential, first.enrollment_credential);
    const stale = await piPhone(client, { serial: 'T1', credential: first.enrollment_credential }).rollout();
    const fresh = await piPhone(client, { serial: 'T1', credential: second.enrollment_credential }).rollout();
    assert.deepEqual([stale.status, fresh.status], [400, 200]);
  });

  it('sets a new PIN where one is given', async () => {
    const { client, admin, clock, phoneOf } = await givenGateway(undo);
    const old = await phoneOf('alice');
    const wish = { type: 'push', genkey: '1', serial: old.serial, rollover: '1', pin: '9876', description: 'new phone' };
    const { enrollment_credential: credential } = (await client.post('/token/init', wish, admin)).body.detail;
    await piPhone(client, { serial: old.serial, credential, clock }).rollout();
    const login = async (pass: string) => (await client.post('/validate/check', { user: 'alice', pass })).body.result.authentication;
    assert.deepEqual([await login('1234'), await login('9876')], ['REJECT', 'CHALLENGE']);
    const [{ description }] = (await client.get('/token/', { serial: old.serial }, admin)).body.result.value.tokens;
    assert.equal(description, 'new phone');
  });

  it('is refused without a token, for a foreign and for a revoked one, and changes nothing then', async () => {
    const { client, admin, phoneOf } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    const codeOf = async (wish: Record<string, string>) =>
      (await client.post('/token/init', { type: 'push', genkey: '1', rollover: '1', ...wish }, admin)).body.result.error?.code;
    assert.equal(await codeOf({}), 905);
    assert.equal(await codeOf({ serial: 'NOPE' }), 601);
    assert.equal(await codeOf({ serial: phone.serial, user: 'bob' }), 1103);
    assert.equal((await phone.poll()).status, 200);
    await client.post(`/token/revoke/${phone.serial}`, {}, admin);
    assert.equal(await codeOf({ serial: phone.serial }), 1007);
  });

  it('is refused where the phone speaks another protocol, and the old phone keeps working', async () => {
    const { client, admin, active, post } = await givenLinotpGateway(undo);
    const phone = await active('alice');
    const { status, body } = await client.post('/token/init', { type: 'push', genkey: '1', serial: phone.serial, rollover: '1' }, admin);
    assert.deepEqual([status, body.result.error?.code], [400, 905], JSON.stringify(body));
    await post('/validate/check', { user: 'alice', pass: '1234', data: 'still there?' });
    assert.equal((await phone.answer('ACCEPT')).json.result.value, true);
  });
});
