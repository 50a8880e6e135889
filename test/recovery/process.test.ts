import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { configText } from '../kit/gateway.ts';
import { gatewayProcess, pushgate } from '../kit/gateway-process.ts';
import { runCli } from '../kit/operator.ts';
import { piClient } from '../kit/pi-client.ts';
import { freePort } from '../kit/ports.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('The gateway process', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenConfig = async (at: Cleanup, port?: number) => {
    const folder = temporaryFolder(at);
    const file = join(folder, 'config.json');
    const address = `127.0.0.1:${port ?? (await freePort())}`;
    writeFileSync(file, configText({ settings: { logLevel: 'error' } }, address));
    return { folder, file, url: `http://${address}` };
  };

  it('tells the password once, keeps its keyring to itself, and prints what to type next', async () => {
    const { folder, file } = await givenConfig(undo);
    const first = await gatewayProcess(file);
    const { out } = first.output();
    assert.equal(await first.end('SIGTERM'), 0);
    const second = await gatewayProcess(file);
    assert.equal(await second.end('SIGINT'), 0);
    assert.match(out, /Password:\s+\S{16}/);
    assert.equal(out.match(/^ {2}npx pushgate /gm)?.length, 3);
    assert.doesNotMatch(second.output().out, /Password/);
    assert.equal(statSync(join(folder, 'keyring.json')).mode & 0o777, 0o600);
    const password = /Password:\s+(\S+)/.exec(out)?.[1] ?? '';
    for (const name of ['pushgate.db', 'keyring.json']) assert.ok(!readFileSync(join(folder, name)).includes(password), name);
  });

  it('finishes the requests under way when it is asked to stop', async () => {
    // given a request whose password check has begun
    const { file, url } = await givenConfig(undo);
    const gateway = await gatewayProcess(file);
    const client = piClient(url);
    await client.get('/livez');
    const replies = Array.from({ length: 8 }, () => client.post('/auth', { username: 'admin', password: 'wrong' }));
    await Promise.race(replies);
    // when the process is asked to stop
    const code = await gateway.end('SIGTERM');
    // then every reply arrived, and it ended well
    assert.deepEqual(
      (await Promise.all(replies)).map(({ status }) => status),
      Array(8).fill(401),
    );
    assert.equal(code, 0);
  });

  const givenBusyPort = async (): Promise<number> => {
    const server: Server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    undo.later(() => server.close());
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  };

  it('says in one sentence that its port is taken', async () => {
    const port = await givenBusyPort();
    const { file } = await givenConfig(undo, port);
    const { code, err } = await pushgate('serve', '--config', file);
    assert.equal(code, 3);
    assert.match(err.trim(), new RegExp(`^pushgate: [^\n]*${port}[^\n]*$`));
  });

  it('tells the first password in the start that works, where the first one found its port taken', async () => {
    const port = await givenBusyPort();
    const { folder, file } = await givenConfig(undo, port);
    assert.equal((await runCli(['serve', '--config', file])).code, 3);
    writeFileSync(join(folder, 'config.json'), configText({ settings: { logLevel: 'error' } }, `127.0.0.1:${await freePort()}`));
    const second = await runCli(['serve', '--config', file]);
    assert.equal(second.code, 0, second.err);
    assert.match(second.out, /Password:\s+\S{16}/);
  });

  it('refuses a keyring that is not the one its store was filled with', async () => {
    const { folder, file } = await givenConfig(undo);
    const { file: other, folder: elsewhere } = await givenConfig(undo);
    for (const each of [file, other]) assert.equal((await runCli(['serve', '--config', each])).code, 0);
    copyFileSync(join(elsewhere, 'keyring.json'), join(folder, 'keyring.json'));
    const { code, err } = await runCli(['serve', '--config', file]);
    assert.equal(code, 3);
    assert.match(err.trim(), /^pushgate: The store was sealed with a key that is not in this keyring\.[^\n]*$/);
  });

  it('ends at once where its folder is below one that cannot hold any', async () => {
    const folder = temporaryFolder(undo);
    const file = join(folder, 'config.json');
    writeFileSync(file, configText({ more: { store: { kind: 'embedded', path: '/proc/x/y/pushgate.db' } } }));
    const { code, err } = await runCli(['serve', '--config', file]);
    assert.equal(code, 3);
    assert.match(err.trim(), /^pushgate: Cannot write the store [^\n]*$/);
  });

  it('says in one sentence that its folder cannot be made', async () => {
    const folder = temporaryFolder(undo);
    writeFileSync(join(folder, 'data'), 'a file where the folder should be');
    const file = join(folder, 'config.json');
    writeFileSync(file, configText({ more: { store: { kind: 'embedded', path: 'data/pushgate.db' } } }));
    const { code, err } = await runCli(['serve', '--config', file]);
    assert.equal(code, 3);
    assert.match(err.trim(), /^pushgate: [^\n]*data[^\n]*$/);
  });

  it('says who has the store when it is started a second time', async () => {
    const { folder, file } = await givenConfig(undo);
    const first = await gatewayProcess(file);
    undo.later(() => first.end('SIGKILL'));
    const other = join(folder, 'other.json');
    writeFileSync(other, configText({}, `127.0.0.1:${await freePort()}`));
    const { code, err } = await pushgate('serve', '--config', other);
    assert.equal(code, 4);
    assert.match(err.trim(), new RegExp(`^pushgate: [^\n]*${first.child.pid}[^\n]*$`));
  });

  it('refuses a store whose keyring is gone, and a file that is no store, and touches neither', async () => {
    const { folder, file } = await givenConfig(undo);
    const store = join(folder, 'pushgate.db');
    writeFileSync(store, 'precious data of another program');
    const withoutKeyring = await runCli(['serve', '--config', file]);
    assert.match(withoutKeyring.err, /keyring/);
    const before = readFileSync(store);
    mkdirSync(join(folder, 'else'));
    const elsewhere = join(folder, 'else', 'config.json');
    writeFileSync(elsewhere, configText({ more: { store: { kind: 'embedded', path: '../pushgate.db' }, keyring: { $env: 'KEYRING' } } }));
    const foreign = await runCli(['serve', '--config', elsewhere]);
    assert.deepEqual([withoutKeyring.code, foreign.code], [3, 3]);
    assert.deepEqual(readFileSync(store), before);
  });
});
