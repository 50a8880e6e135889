import assert from 'node:assert/strict';
import { seconds } from '../../../kit/clock.ts';
import { cleanup } from '../../../kit/temporary.ts';
import { givenShop } from './given.ts';

describe('A login of Keycloak (CIBA)', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('is approved on the phone, which shows client, realm and message, and ends with tokens', async () => {
    const { keycloak, phone, shown, told, clock, logged } = await givenShop(undo);
    // given a client that asks Keycloak, which asks the gateway
    const asked = await keycloak.ask({ binding_message: 'W4SCT-42' });
    assert.equal(asked.status, 200, JSON.stringify(logged.slice(-6), null, 1));
    const { auth_req_id: id } = asked.body;
    clock.advance(seconds(6));
    assert.equal((await keycloak.poll(id)).body.error, 'authorization_pending');
    const [challenge] = await shown();
    assert.deepEqual(
      [challenge.title, challenge.question],
      ['shop', 'Approve this request?\nClient: Till 7\nRealm: shop\nMessage: W4SCT-42'],
    );
    // when the user approves
    assert.equal((await phone.answer(challenge.nonce)).body.result.value, true);
    await keycloak.calledBack();
    // then the client gets tokens, once
    assert.deepEqual(
      keycloak.callbacks.map(({ sent, replied }) => [sent, replied]),
      [['SUCCEED', 200]],
    );
    assert.equal((await keycloak.poll(id)).status, 200);
    assert.equal((await keycloak.poll(id)).body.error, 'invalid_grant');
    assert.equal(told('login-finished').length, 1);
  });
});
