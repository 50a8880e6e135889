import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyringFile, openKeyring, usedKeyring } from '../../src/foundation/keyring/index.ts';
import { configText } from '../kit/gateway.ts';
import { type GatewayProcess, gatewayProcess, pushgate } from '../kit/gateway-process.ts';
import { dropDatabase, givenMongo } from '../kit/mongod.ts';
import { runCli } from '../kit/operator.ts';
import { type PiClient, piClient } from '../kit/pi-client.ts';
import { type PiPhone, piPhone } from '../kit/pi-phone.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('pushgate keyring on MongoDB', function () {
  this.timeout(120_000);
  const mongo = givenMongo();
  const undo = cleanup();
  afterEach(() => undo.run());

  /** Two machines with a copy of the keyring each. */
  const givenMachines = async () => {
    const folder = temporaryFolder(undo);
    const database = mongo.database();
    undo.later(() => dropDatabase(mongo.url(), database));
    const machine = async (name: string) => {
      const home = join(folder, name);
      mkdirSync(home);
      writeFileSync(join(home, 'url'), mongo.url());
      const [file, address] = [join(home, 'config.json'), `127.0.0.1:${await freePort()}`];
      const store = { kind: 'mongodb', url: { $file: 'url' }, database };
      writeFileSync(file, configText({ settings: { serverKeyStock: 2 }, more: { store } }, address));
      return { file, keyring: join(home, 'keyring.json'), client: piClient(`http://${address}`) };
    };
    const [one, two] = [await machine('one'), await machine('two')];
    createKeyringFile(one.keyring, Date.now());
    copyFileSync(one.keyring, two.keyring);
    return [one, two] as const;
  };
  const start = async ({ file }: { file: string }) => {
    const gateway = await gatewayProcess(file);
    undo.later(() => gateway.end('SIGKILL'));
    return gateway;
  };
  /** Begins at one gateway, answers at the other, and finishes at the first. */
  const logsIn = async (begins: PiClient, phone: PiPhone): Promise<void> => {
    const { body } = await begins.post('/validate/check', { user: 'alice', pass: '1234' });
    assert.equal(body.result.authentication, 'CHALLENGE', JSON.stringify(body));
    const [waiting] = (await phone.poll()).body.result.value;
    assert.equal((await phone.answer(waiting.nonce)).body.result.value, true);
    const finish = { user: 'alice', pass: '', transaction_id: body.detail.transaction_id };
    assert.equal((await begins.post('/validate/check', finish)).body.result.authentication, 'ACCEPT');
  };
  /** Resolves when a gateway has taken over so many changes of its keyring. */
  const hasTakenOver = ({ logged }: GatewayProcess, changes: number): Promise<void> => logged(/"part":"keyring"/, changes);
  const statesIn = (file: string): string[] => openKeyring(readFileSync(file, 'utf8')).keys.map(({ state }) => state);

  it('rotates in two steps beside gateways with files of their own, and no login fails at any of them', async () => {
    const [one, two] = await givenMachines();
    const first = await start(one);
    const second = await start(two);
    const admin = await one.client.login('admin', /Password: +(\S+)/.exec(first.output().out)?.[1] ?? '');
    const { body } = await one.client.post('/token/init', { type: 'push', genkey: '1', user: 'alice', pin: '1234' }, admin);
    // given a phone that answers at the other gateway
    const phone = piPhone(two.client, { serial: body.detail.serial, credential: body.detail.enrollment_credential });
    assert.equal((await phone.rollout({})).status, 200);
    const both = async (): Promise<void> => {
      await logsIn(one.client, phone);
      await logsIn(two.client, phone);
    };
    const rotate = () => pushgate('keyring', 'rotate', '--config', one.file);
    await both();
    // when the first step gives one machine a key that waits
    const added = await rotate();
    assert.deepEqual([added.code, statesIn(one.keyring)], [0, ['current', 'waiting']], added.err);
    assert.match(added.out, /Copy the file to every gateway/);
    await both();
    // and it is copied, and the second step puts it in use at one machine
    copyFileSync(one.keyring, two.keyring);
    const used = await rotate();
    assert.deepEqual([used.code, statesIn(one.keyring)], [0, ['older', 'current']], `${used.out}${used.err}`);
    await both();
    await hasTakenOver(first, 2);
    // then all goes on, though the other machine has it as one that waits still
    await both();
    copyFileSync(one.keyring, two.keyring);
    await both();
    await hasTakenOver(second, 2);
    // and in the end all is sealed by it, also what the other machine sealed meanwhile
    assert.equal((await pushgate('keyring', 'reseal', '--config', two.file)).code, 0);
    const verified = await pushgate('keyring', 'verify', '--config', two.file);
    assert.deepEqual([verified.code, verified.err], [0, '']);
    const [older = ''] = openKeyring(readFileSync(two.keyring, 'utf8')).keyIds;
    assert.match(verified.out, new RegExp(`^${older} .* older +0 +1 `, 'm'), verified.out);
  });

  it('keeps an empty database from being begun in the place of one that was lost, unless that is meant', async () => {
    const [one] = await givenMachines();
    writeFileSync(one.keyring, usedKeyring(readFileSync(one.keyring, 'utf8'), Date.now()));
    const refused = await runCli(['serve', '--config', one.file]);
    assert.equal(refused.code, 3);
    assert.match(refused.err, /^pushgate: The store is empty \(the database\), but the keyring has been in use since .* --new-store\n$/);
    assert.equal((await runCli(['serve', '--config', one.file, '--new-store'])).code, 0);
    assert.equal((await runCli(['serve', '--config', one.file])).code, 0);
  });
});
