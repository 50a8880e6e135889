import assert from 'node:assert/strict';
import { minutes, seconds } from '../../kit/clock.ts';
import { givenGateway } from '../../kit/gateway.ts';
import { cleanup } from '../../kit/temporary.ts';

describe('A challenge from the future', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  for (const [what, skew, isOver] of [
    ['of two minutes is a clock that is a little fast, and lives', minutes(2), false],
    ['of more than two minutes counts as expired, and nothing is written', minutes(2) + seconds(1), true],
  ] as const) {
    it(what, async () => {
      // given a login that waits for its phone, and a clock that falls back by so much then
      const { client, clock, gateway, phoneOf, challenge } = await givenGateway(undo);
      const phone = await phoneOf('alice');
      const { id, nonce } = await challenge('alice', phone);
      clock.advance(-skew);
      const polled = async () => (await phone.poll()).body.result.value.length;
      const finish = () => client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
      // when the phone looks for it, and answers, and the server finishes
      assert.equal(await polled(), isOver ? 0 : 1);
      assert.equal((await phone.answer(nonce)).body.result.value, !isOver);
      assert.equal((await finish()).body.result.authentication, isOver ? 'REJECT' : 'ACCEPT');
      await gateway.settled();
      // then it is as it was once the clock is right again
      clock.advance(skew);
      assert.equal((await phone.answer(nonce)).body.result.value, true);
      assert.equal((await finish()).body.result.authentication, isOver ? 'ACCEPT' : 'REJECT');
    });
  }
});
