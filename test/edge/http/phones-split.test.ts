import assert from 'node:assert/strict';
import { join } from 'node:path';
import { checkConfig, problemText } from '../../../src/config/index.ts';
import { configText, givenGateway } from '../../kit/gateway.ts';
import { piClient } from '../../kit/pi-client.ts';
import { piPhone } from '../../kit/pi-phone.ts';
import { cleanup } from '../../kit/temporary.ts';

describe('Phones on a listener of their own', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('reach only the routes of phones, and servers reach no phone routes', async () => {
    // given one listener for servers and one for phones
    const more = {
      listeners: [
        { address: '127.0.0.1:0', mounts: [{ path: '/', serves: 'privacyidea', phones: 'none' }] },
        { address: 'localhost:0', mounts: [{ path: '/', serves: 'privacyidea', phones: 'only' }] },
      ],
    };
    const { gateway, client, admin, clock } = await givenGateway(undo, { more });
    const outside = piClient(gateway.urls[1] ?? '');
    // when a phone is enrolled and answers through its listener
    const { detail } = (await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice', pin: '1234' }, admin)).body;
    const phone = piPhone(outside, { serial: detail.serial, credential: detail.enrollment_credential, clock });
    assert.equal((await phone.rollout()).status, 200);
    const { transaction_id } = (await client.post('/validate/check', { user: 'alice', pass: '1234' })).body.detail;
    await phone.answer((await phone.poll()).body.result.value[0].nonce);
    // then the login is finished at the other one, and neither has the routes of the other
    const finish = { user: 'alice', pass: '', transaction_id };
    for (const path of ['/validate/check', '/auth', '/token/init', '/radius/authenticate'])
      assert.equal((await outside.post(path, finish, admin)).status, 404, path);
    assert.equal((await client.get('/ttype/push', { serial: detail.serial })).status, 404);
    assert.equal((await client.post('/validate/check', finish)).body.result.value, true);
  });

  it('may share a path with the mount for servers, but no route has two owners', async () => {
    const problems = async (mounts: object[]): Promise<string[]> => {
      const text = configText({ mounts }).replace('{"$file":"keyring.json"}', '{"$env":"KEYRING"}');
      const checked = await checkConfig(text, join('folder', 'config.json'), { KEYRING: '{}' });
      return checked.ok ? [] : checked.error.map(problemText);
    };
    const mount = { path: '/', serves: 'privacyidea' };
    assert.deepEqual(
      await problems([
        { ...mount, phones: 'only' },
        { ...mount, phones: 'none' },
      ]),
      [],
    );
    assert.match((await problems([{ ...mount, phones: 'only' }, mount])).join(), /mounts\[0\] already owns GET \/ttype\/:type/);
    assert.match((await problems([{ path: '/', serves: 'ops', phones: 'none' }])).join(), /phones: no phone calls a mount of this kind/);
    assert.match((await problems([{ ...mount, phones: 'only', publicPoll: true }])).join(), /a mount for phones only has no poll/);
  });
});
