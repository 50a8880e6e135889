import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openKeyring, rotatedKeyring } from '../../../../src/foundation/keyring/index.ts';
import { givenGateway } from '../../../kit/gateway.ts';
import { opsClient } from '../../../kit/operator.ts';
import { cleanup } from '../../../kit/temporary.ts';

describe('Data that the keyring of a running gateway has sealed', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('is sealed by the new key at its next use after a rotation, and signs as before', async () => {
    // given a phone whose push token has a key that the first key of the keyring sealed
    const { client, admin, folder, gateway, phoneOf, challenge } = await givenGateway(undo);
    const ops = opsClient(client.url, admin);
    const phone = await phoneOf('alice');
    await challenge('alice', phone);
    // when the file has another one, and the gateway has seen it
    const file = join(folder, 'keyring.json');
    writeFileSync(file, rotatedKeyring(readFileSync(file, 'utf8'), Date.now()));
    const [older = '', current = ''] = openKeyring(readFileSync(file, 'utf8')).keyIds;
    const needs = async () => (await ops('POST', '/ops/keyring/page', { kind: 'token', how: 'open' })).body;
    assert.deepEqual(await needs(), { current, needs: { [older]: { secrets: 1, hashes: 1 } }, unusable: [], resealed: 0 });
    // then the next login has both made anew
    const { id, nonce } = await challenge('alice', phone);
    await gateway.settled();
    assert.deepEqual((await needs()).needs, { [current]: { secrets: 1, hashes: 1 } });
    // and it can be answered
    assert.equal((await phone.answer(nonce)).body.result.value, true);
    const finish = { user: 'alice', pass: '', transaction_id: id };
    assert.equal((await client.post('/validate/check', finish)).body.result.authentication, 'ACCEPT');
  });

  it('is listed page by page, for administrators only', async () => {
    const { client, admin, phoneOf } = await givenGateway(undo);
    const ops = opsClient(client.url, admin);
    const phone = await phoneOf('alice');
    const page = { kind: 'token', how: 'reseal' };
    assert.equal((await ops('POST', '/ops/keyring/page', page, {})).status, 401);
    assert.equal((await ops('POST', '/ops/keyring/page', { ...page, kind: 'counter' })).status, 400);
    const { body } = await ops('POST', '/ops/keyring/page', { ...page, after: phone.serial });
    assert.deepEqual([body.needs, body.resealed, body.after], [{}, 0, undefined]);
  });
});
