import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyringFile } from '../../src/foundation/keyring/index.ts';
import { configText } from '../kit/gateway.ts';
import { gatewayProcess, pushgate } from '../kit/gateway-process.ts';
import { dropDatabase, givenMongo } from '../kit/mongod.ts';
import { runCli } from '../kit/operator.ts';
import { piClient } from '../kit/pi-client.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('The first start on an empty MongoDB', function () {
  this.timeout(60_000);
  const mongo = givenMongo();
  const undo = cleanup();
  afterEach(() => undo.run());

  /** Machines that share a database and nothing else; each of them can start a gateway. */
  const givenMachines = async (count: number, more: object = {}) => {
    const folder = temporaryFolder(undo);
    const database = mongo.database();
    undo.later(() => dropDatabase(mongo.url(), database));
    const machine = async (_: unknown, index: number) => {
      const home = join(folder, `machine${index}`);
      mkdirSync(home);
      writeFileSync(join(home, 'url'), mongo.url());
      const file = join(home, 'config.json');
      const address = `127.0.0.1:${await freePort()}`;
      const store = { kind: 'mongodb', url: { $file: 'url' }, database };
      writeFileSync(file, configText({ more: { ...more, store } }, address));
      const start = async () => {
        const gateway = await gatewayProcess(file);
        undo.later(() => gateway.end('SIGKILL'));
        return gateway;
      };
      return { file, client: piClient(`http://${address}`), keyring: join(home, 'keyring.json'), start };
    };
    return Promise.all(Array.from({ length: count }, machine));
  };
  /** Starts a gateway there, and stops it. */
  const worksOn = async (machine: { file: string } | undefined): Promise<void> =>
    assert.equal((await runCli(['serve', '--config', machine?.file ?? ''])).code, 0);
  const passwordsIn = (out: string) => [...out.matchAll(/Password: +(\S+)/g)].map(([, password = '']) => password);
  const belongsElsewhere = /^pushgate: The store was sealed with a key that is not in this keyring\. Replace this keyring by [^\n]*\n$/;

  it('tells one password, which works, whatever gateways start at the same moment', async () => {
    // given three machines with one keyring
    const machines = await givenMachines(3);
    createKeyringFile(machines[0]?.keyring ?? '', 0);
    for (const { keyring } of machines.slice(1)) writeFileSync(keyring, readFileSync(machines[0]?.keyring ?? ''));
    // when all start at once
    const gateways = await Promise.all(machines.map(({ start }) => start()));
    // then one password is told, and it is good at all of them
    const [password = '', ...others] = gateways.flatMap((gateway) => passwordsIn(gateway.output().out));
    assert.deepEqual(others, []);
    for (const { client } of machines) await client.login('admin', password);
  });

  it('makes a keyring for its owner only, and says loudly what to do with it', async () => {
    const [machine] = await givenMachines(1);
    const gateway = await machine?.start();
    assert.equal(statSync(machine?.keyring ?? '').mode & 0o777, 0o600);
    const { err } = gateway?.output() ?? { err: '' };
    assert.match(err, /BACK IT UP, and give the same file to every gateway of this database/);
    assert.ok(err.includes(machine?.keyring ?? 'no keyring'));
  });

  it('lets one of two machines go on that make a keyring each at the same moment, and tells the other one what to do', async () => {
    const machines = await givenMachines(2);
    // when both start at once
    const started = await Promise.allSettled(machines.map(({ start }) => start()));
    // then one works
    const winner = machines[started.findIndex(({ status }) => status === 'fulfilled')];
    const loser = machines[started.findIndex(({ status }) => status === 'rejected')];
    assert.ok(winner && loser, 'one goes on and one is refused');
    // and the other one is refused, again too, unless it gets the keyring of the first
    if (existsSync(loser.keyring)) assert.match((await runCli(['serve', '--config', loser.file])).err, belongsElsewhere);
    rmSync(loser.keyring, { force: true });
    writeFileSync(loser.keyring, readFileSync(winner.keyring));
    await loser.start();
  });

  it('refuses another keyring from the first moment on, when nobody has an account yet', async () => {
    const [one, two] = await givenMachines(2);
    await worksOn(one);
    createKeyringFile(two?.keyring ?? '', 0);
    assert.match((await runCli(['serve', '--config', two?.file ?? ''])).err, belongsElsewhere);
  });

  it('never makes a keyring for a database that holds anything', async () => {
    // given a database that a gateway has worked with
    const [one, two] = await givenMachines(2);
    await worksOn(one);
    // when a gateway starts without its keyring
    const { code, err } = await runCli(['serve', '--config', two?.file ?? '']);
    // then it says what it needs, and made none
    assert.equal(code, 3);
    assert.match(err, /^pushgate: The keyring \S+ is missing, but the database has data\. Put back its own keyring[^\n]*\n$/);
    assert.equal(existsSync(two?.keyring ?? ''), false);
  });

  it('tells the password even where a second worker then fails', async () => {
    // given two workers, of which only the first one can start
    const [machine] = await givenMachines(1, { cluster: { workers: 2 } });
    const saboteur = join(temporaryFolder(undo), 'saboteur.mjs');
    writeFileSync(saboteur, "import cluster from 'node:cluster';\nif (cluster.worker?.id > 1) process.exit(3);\n");
    process.env.NODE_OPTIONS = `--import=${saboteur}`;
    undo.later(() => delete process.env.NODE_OPTIONS);
    // when it is started
    const { code, out } = await pushgate('serve', '--config', machine?.file ?? '');
    delete process.env.NODE_OPTIONS;
    // then the start fails, and its password is good at the next one
    assert.equal(code, 1);
    const [password = ''] = passwordsIn(out);
    writeFileSync(machine?.file ?? '', readFileSync(machine?.file ?? '', 'utf8').replace(/"workers": *2/, '"workers": 1'));
    const gateway = await machine?.start();
    assert.deepEqual(passwordsIn(gateway?.output().out ?? ''), []);
    await machine?.client.login('admin', password);
  });
});
