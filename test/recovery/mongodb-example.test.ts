import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gatewayProcess } from '../kit/gateway-process.ts';
import { dropDatabase, givenMongo } from '../kit/mongod.ts';
import { piClient } from '../kit/pi-client.ts';
import { piPhone } from '../kit/pi-phone.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('The example configuration for MongoDB', function () {
  this.timeout(60_000);
  const mongo = givenMongo();
  const undo = cleanup();
  afterEach(() => undo.run());

  /** config/mongodb.example.json in a folder of its own, with a free port and a database of its own. */
  const givenExample = async () => {
    const folder = temporaryFolder(undo);
    const database = mongo.database();
    undo.later(() => dropDatabase(mongo.url(), database));
    const [port, opsPort] = [await freePort(), await freePort()];
    const example = readFileSync('config/mongodb.example.json', 'utf8').replaceAll(':8080', `:${port}`).replaceAll(':8081', `:${opsPort}`);
    const config = JSON.parse(example);
    mkdirSync(join(folder, 'config'));
    const file = join(folder, 'config', 'mongodb.json');
    writeFileSync(file, JSON.stringify({ ...config, store: { ...config.store, database } }));
    const start = async () => {
      const gateway = await gatewayProcess(file, { MONGODB_URL: mongo.url() });
      undo.later(() => gateway.end('SIGTERM'));
      return gateway;
    };
    return { url: `http://${config.listeners[0].address}`, keyring: join(folder, 'data', 'keyring.json'), start };
  };

  it('does the main job: enrol a phone, ask, approve, log in; and so does the next start', async () => {
    const { url, keyring, start } = await givenExample();
    // given nothing but the address of the database, when it is started
    const first = await start();
    assert.equal(statSync(keyring).mode & 0o777, 0o600);
    const client = piClient(url);
    const [, password = ''] = /Password: +(\S+)/.exec(first.output().out) ?? [];
    const admin = await client.login('admin', password);
    const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice', pin: '1234' }, admin);
    const phone = piPhone(client, { serial: body.detail.serial, credential: body.detail.enrollment_credential });
    assert.equal((await phone.rollout()).status, 200);
    const login = async () => {
      const { body: started } = await client.post('/validate/check', { user: 'alice', pass: '1234' });
      const [challenge] = (await phone.poll()).body.result.value;
      await phone.answer(challenge.nonce);
      const finish = { user: 'alice', pass: '', transaction_id: started.detail.transaction_id };
      return (await client.post('/validate/check', finish)).body.result.authentication;
    };
    // then alice logs in, and again after a restart
    assert.equal(await login(), 'ACCEPT');
    assert.equal(await first.end('SIGTERM'), 0);
    await start();
    assert.equal(await login(), 'ACCEPT');
  });
});
