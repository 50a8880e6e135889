import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes } from '../../src/cli/exit-codes.ts';
import { createKeyringFile } from '../../src/foundation/keyring/index.ts';
import { openLog } from '../../src/foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../../src/store/embedded/index.ts';
import { configText, givenGateway } from '../kit/gateway.ts';
import { type CliResult, runCli } from '../kit/operator.ts';
import { piClient } from '../kit/pi-client.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('pushgate accounts', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  type Given = {
    folder: string;
    accounts: (words: string, input?: string | Buffer) => Promise<CliResult>;
    /** Whether the account may log in with this password. */
    mayLogIn: (name: string, password: string) => Promise<boolean>;
  };

  const commandsAt = (folder: string): Given['accounts'] => {
    const config = ['--config', join(folder, 'config.json')];
    return (words, input) => runCli(['accounts', ...words.split(' '), ...config], input);
  };

  /** A gateway that runs; its embedded store is its own. */
  const givenRunning = async (): Promise<Given> => {
    const { gateway, folder } = await givenGateway(undo);
    const url = gateway.urls[0] ?? '';
    writeFileSync(join(folder, 'config.json'), configText({}, new URL(url).host));
    const mayLogIn = async (username: string, password: string) =>
      (await piClient(url).post('/auth', { username, password })).status === 200;
    return { folder, accounts: commandsAt(folder), mayLogIn };
  };

  /** A gateway that was stopped. It is started again for each look whether somebody may log in. */
  const givenStopped = async (): Promise<Given> => {
    const { gateway, folder } = await givenGateway(undo);
    await gateway.close();
    writeFileSync(join(folder, 'config.json'), configText({}, `127.0.0.1:${await freePort()}`));
    const mayLogIn = async (username: string, password: string) => {
      const { startGateway } = await import('../../src/gateway/start.ts');
      const { loadConfig } = await import('../../src/config/index.ts');
      const loaded = await loadConfig(join(folder, 'config.json'), {});
      assert.ok(loaded.ok);
      const again = await startGateway({ ...loaded.value, environment: {}, clock: Date.now, log: openLog('silent') });
      const { status } = await piClient(again.urls[0] ?? '').post('/auth', { username, password });
      await again.close();
      return status === 200;
    };
    return { folder, accounts: commandsAt(folder), mayLogIn };
  };

  for (const [state, given] of [
    ['while the gateway runs', givenRunning],
    ['while it is stopped', givenStopped],
  ] as const) {
    describe(state, () => {
      it('makes an account with a password that is shown once, and lists it', async () => {
        const { accounts, mayLogIn } = await given();
        const { code, out, err } = await accounts('set helpdesk');
        assert.equal(code, 0, err);
        const password = /^Password: +(\S+) /m.exec(out)?.[1] ?? '';
        const listed = await accounts('list');
        assert.match(listed.out, /^NAME {6}STATE {4}SINCE\nadmin {5}enabled {2}20\S+\nhelpdesk {2}enabled {2}20\S+\n$/);
        assert.ok(!listed.out.includes(password));
        assert.equal(await mayLogIn('helpdesk', password), true);
      });

      it('takes a password from standard input, and shows it nowhere', async () => {
        const { accounts, mayLogIn } = await given();
        const { code, out, err } = await accounts('set helpdesk --password-stdin', 'correct horse battery\r\nand more\n');
        assert.equal(code, 0, err);
        assert.doesNotMatch(out + err, /horse/);
        assert.equal(await mayLogIn('helpdesk', 'correct horse battery'), true);
      });

      it('disables, enables and removes an account', async () => {
        const { accounts, mayLogIn } = await given();
        await accounts('set helpdesk --password-stdin', 'seahorse');
        assert.match((await accounts('disable helpdesk')).out, /^helpdesk is disabled\.\n$/);
        assert.match((await accounts('list')).out, /^helpdesk {2}disabled/m);
        assert.equal(await mayLogIn('helpdesk', 'seahorse'), false);
        const again = await accounts('set helpdesk --password-stdin', 'seahorse');
        assert.match(again.out, /still disabled\. Next: npx pushgate accounts enable helpdesk/);
        assert.match((await accounts('enable helpdesk')).out, /^helpdesk is enabled\.\n$/);
        assert.equal(await mayLogIn('helpdesk', 'seahorse'), true);
        assert.match((await accounts('remove helpdesk')).out, /^helpdesk is removed\.\n$/);
        assert.equal(await mayLogIn('helpdesk', 'seahorse'), false);
      });

      it('changes nothing at bad input, and says why in one sentence', async () => {
        const { accounts } = await given();
        const before = (await accounts('list')).out;
        const tried: [string, string | Buffer, RegExp][] = [
          ['set näme', '', /an account name has 1 to 64 letters/],
          [`set ${'x'.repeat(65)}`, '', /an account name has 1 to 64 letters/],
          ['set new --password-stdin', '', /A password has 8 to 256 characters/],
          ['set new --password-stdin', '\nsecond line\n', /A password has 8 to 256 characters/],
          ['set new --password-stdin', 'sevenof', /8 to 256 characters/],
          ['set new --password-stdin', 'horse'.repeat(60), /8 to 256 characters/],
          ['set new --password-stdin', 'horse'.repeat(2000), /more than 4096 bytes/],
          ['set new --password-stdin', Buffer.from('gr\xfcn horse\n', 'latin1'), /is not UTF-8/],
          ['disable nobody', '', /[Tt]here is no account nobody/],
          ['enable nobody', '', /[Tt]here is no account nobody/],
          ['remove nobody', '', /[Tt]here is no account nobody/],
          ['remove a/../b', '', /an account name has/],
          ['disable admin', '', /admin is the last enabled account/],
          ['remove admin', '', /admin is the last enabled account/],
        ];
        for (const [words, input, sentence] of tried) {
          const { code, out, err } = await accounts(words, input);
          const isRefused = /nobody|last enabled/.test(sentence.source);
          assert.deepEqual([code, out], [isRefused ? exitCodes.refused.code : exitCodes.usage.code, ''], words);
          assert.match(err, sentence);
          assert.match(err, /^pushgate: [^\n]+\n$/, words);
          assert.doesNotMatch(err, /horse/);
        }
        assert.equal((await accounts('list')).out, before);
      });
    });
  }

  it('says what to do where no gateway answers and the store is held by another process', async () => {
    // given a gateway that is just starting: it has the store, and does not listen yet
    const { folder, accounts } = await givenStopped();
    const store = await openEmbeddedStore({ path: join(folder, 'pushgate.db'), log: openLog('silent') });
    undo.later(() => store.close());
    const { code, out, err } = await accounts('set admin');
    assert.deepEqual([code, out], [exitCodes.unavailable.code, '']);
    const held = `the store is in use by process ${process.pid} since \\S+\\. Wait until it answers, or stop that process`;
    assert.match(err, new RegExp(`^pushgate: no gateway answers, and ${held}\\.\\n$`));
  });

  it('says so where there is no store yet, and makes none', async () => {
    const folder = temporaryFolder(undo);
    writeFileSync(join(folder, 'config.json'), configText({}, `127.0.0.1:${await freePort()}`));
    createKeyringFile(join(folder, 'keyring.json'), 0);
    const { code, err } = await commandsAt(folder)('list');
    assert.equal(code, exitCodes.unavailable.code);
    assert.match(err, /^pushgate: there is no store \S+pushgate\.db yet; the first start of the gateway makes it: npx pushgate serve\n$/);
    assert.throws(() => readFileSync(join(folder, 'pushgate.db')), { code: 'ENOENT' });
  });

  it('puts no password into a store that belongs to another keyring', async () => {
    const { folder, accounts } = await givenStopped();
    const keyring = join(folder, 'keyring.json');
    writeFileSync(join(folder, 'kept.json'), readFileSync(keyring));
    const other = join(temporaryFolder(undo), 'keyring.json');
    createKeyringFile(other, 1);
    writeFileSync(keyring, readFileSync(other));
    const { code, err } = await accounts('set admin');
    assert.equal(code, exitCodes.config.code);
    assert.match(err, /^pushgate: the store was filled with a key that is not in this keyring; put .*\n$/);
    writeFileSync(keyring, readFileSync(join(folder, 'kept.json')));
    assert.match((await accounts('list')).out, /^admin /m);
  });
});
