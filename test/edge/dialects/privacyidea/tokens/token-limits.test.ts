import assert from 'node:assert/strict';
import { givenGateway } from '../../../../kit/gateway.ts';
import { cleanup } from '../../../../kit/temporary.ts';

describe('The number of tokens of a user', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenLimit = async (actions: object) => {
    const given = await givenGateway(undo, { policies: [{ name: 'few', scope: 'enrollment', actions }] });
    const enrol = (user: string) => given.client.post('/token/init', { type: 'push', genkey: '1', user }, given.admin);
    const countOf = async (user: string): Promise<number> =>
      (await given.client.get('/token/', { user }, given.admin)).body.result.value.count;
    return { ...given, enrol, countOf };
  };

  for (const [action, what] of [
    ['push_max_token_per_user', 'tokens of type push'],
    ['max_token_per_user', 'tokens'],
  ] as const) {
    it(`is limited by ${action}, for each user`, async () => {
      const { enrol, countOf } = await givenLimit({ [action]: 1 });
      assert.equal((await enrol('alice')).status, 200);
      const { status, body } = await enrol('alice');
      assert.deepEqual([status, body.result.error], [403, { code: 303, message: `The number of ${what} for this user is limited!` }]);
      assert.equal(await countOf('alice'), 1);
      assert.equal((await enrol('bob')).status, 200);
    });
  }

  it('counts enabled ones only where that is the limit', async () => {
    const { enrol, phoneOf } = await givenLimit({ push_max_active_token_per_user: 1 });
    // given one that still waits for its phone, and then one that is enrolled
    assert.equal((await enrol('alice')).status, 200);
    await phoneOf('alice');
    const { body } = await enrol('alice');
    assert.equal(body.result.error?.message, 'The number of active tokens of type push for this user is limited!');
  });

  it('is kept when tokens without an owner are assigned, in sequence or at once', async () => {
    const { client, admin, enrol, countOf } = await givenLimit({ push_max_token_per_user: 2 });
    const assign = (serial: string) => client.post('/token/assign', { serial, user: 'alice' }, admin);
    for (const serial of ['FREE1', 'FREE2', 'FREE3']) await client.post('/token/init', { type: 'push', genkey: '1', serial }, admin);
    // given one token of alice and three without an owner
    assert.equal((await enrol('alice')).status, 200);
    await Promise.all(['FREE1', 'FREE2'].map(assign));
    assert.ok((await countOf('alice')) <= 2);
    await assign('FREE1');
    const { status, body } = await assign('FREE3');
    assert.deepEqual([status, body.result.error?.code], [403, 303]);
    assert.equal(await countOf('alice'), 2);
    // and what has an owner is refused for that reason
    assert.equal((await assign('FREE1')).body.result.error?.code, 1103);
  });

  it('is not exceeded by requests that come at once', async () => {
    const { enrol, countOf } = await givenLimit({ push_max_token_per_user: 2 });
    const replies = await Promise.all(Array.from({ length: 8 }, () => enrol('alice')));
    const made = replies.filter(({ status }) => status === 200).length;
    assert.ok(made <= 2, `${made} were made`);
    assert.equal(await countOf('alice'), made);
  });
});
