import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { exitCodes } from '../../src/cli/exit-codes.ts';
import { runCommand } from '../../src/cli/index.ts';
import { newKeyring, openKeyring, rotatedKeyring } from '../../src/foundation/keyring/index.ts';
import { configText } from '../kit/gateway.ts';
import { gatewayProcess, pushgate } from '../kit/gateway-process.ts';
import { runCli } from '../kit/operator.ts';
import { type PiClient, piClient } from '../kit/pi-client.ts';
import { piPhone } from '../kit/pi-phone.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('pushgate keyring', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  describe('create', () => {
    it('makes a keyring that opens what it sealed, for its owner only, and shows no key', async () => {
      const file = join(temporaryFolder(undo), 'secrets', 'keyring.json');
      const { code, out, err } = await runCli(['keyring', 'create', file]);
      assert.equal(code, 0, err);
      const text = readFileSync(file, 'utf8');
      const sealed = openKeyring(text).seal('token:1', Buffer.from('secret'));
      assert.equal(openKeyring(text).open('token:1', sealed).toString(), 'secret');
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.ok(!out.includes(JSON.parse(text).keys[0].key));
    });

    it('never makes one in place of another', async () => {
      const file = join(temporaryFolder(undo), 'keyring.json');
      await runCli(['keyring', 'create', file]);
      const before = readFileSync(file, 'utf8');
      const { code, err } = await runCli(['keyring', 'create', file]);
      assert.deepEqual([code, readFileSync(file, 'utf8')], [1, before]);
      assert.match(err, /is there already/);
    });
  });

  /** A gateway process on an embedded store, with a phone of alice. */
  const given = async () => {
    const folder = temporaryFolder(undo);
    const [file, keyring, port] = [join(folder, 'config.json'), join(folder, 'keyring.json'), await freePort()];
    writeFileSync(file, configText({ settings: { serverKeyStock: 3 } }, `127.0.0.1:${port}`));
    const start = async () => {
      const gateway = await gatewayProcess(file);
      undo.later(() => gateway.end('SIGKILL'));
      return gateway;
    };
    const gateway = await start();
    const client = piClient(`http://127.0.0.1:${port}`);
    const admin = await client.login('admin', /Password: +(\S+)/.exec(gateway.output().out)?.[1] ?? '');
    const enrolled = async (user: string) => {
      const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user, pin: '1234' }, admin);
      const phone = piPhone(client, { serial: body.detail.serial, credential: body.detail.enrollment_credential });
      assert.equal((await phone.rollout({})).status, 200);
      return phone;
    };
    const run = (...words: string[]) => pushgate('keyring', ...words, '--config', file);
    return { file, keyring, gateway, start, client, enrolled, run, phone: await enrolled('alice') };
  };
  /** Logs alice in with her phone's yes. */
  const logsIn = async (client: PiClient, phone: ReturnType<typeof piPhone>): Promise<void> => {
    const { body } = await client.post('/validate/check', { user: 'alice', pass: '1234' });
    assert.equal(body.result.authentication, 'CHALLENGE', JSON.stringify(body));
    const [waiting] = (await phone.poll()).body.result.value;
    assert.equal((await phone.answer(waiting.nonce)).body.result.value, true);
    const finish = { user: 'alice', pass: '', transaction_id: body.detail.transaction_id };
    assert.equal((await client.post('/validate/check', finish)).body.result.authentication, 'ACCEPT');
  };
  /** The row of a key in a list: its state, and how many secrets and hashes need it. */
  const rowOf = (out: string, id = ''): (string | undefined)[] => {
    const [, , state, secrets, hashes] =
      out
        .split('\n')
        .find((line) => line.startsWith(id))
        ?.split(/\s+/) ?? [];
    return [state, secrets, hashes];
  };
  const keysIn = (file: string): { id: string; key: string }[] => JSON.parse(readFileSync(file, 'utf8')).keys;

  it('rotates beside the running gateway: all secrets are sealed anew, hashes at the next right login, and then nothing needs the old key', async () => {
    const { keyring, client, phone, run } = await given();
    // when the keyring rotates
    const rotated = await run('rotate');
    assert.deepEqual([rotated.code, rotated.err], [0, '']);
    // then the file has one key more, and is for its owner alone
    const [old, current] = keysIn(keyring);
    assert.ok(old && current);
    assert.equal(statSync(keyring).mode & 0o777, 0o600);
    const listed = await run('list');
    assert.deepEqual(rowOf(listed.out, old.id), ['older', '0', '2']);
    assert.deepEqual(rowOf(listed.out, current.id).slice(0, 1), ['current']);
    // and logins go on; the PIN has another hash then, the password of `admin` has not
    await logsIn(client, phone);
    assert.deepEqual(rowOf((await run('list')).out, old.id), ['older', '0', '1']);
    assert.equal((await run('verify')).code, 0);
    // and no key was shown
    for (const { out, err } of [rotated, listed]) for (const { key } of [old, current]) assert.ok(!`${out}${err}`.includes(key));
  });

  it('that is replaced by another one while the gateway runs is refused, and logins go on', async () => {
    const { keyring, gateway, client, phone } = await given();
    writeFileSync(keyring, newKeyring(Date.now()));
    await gateway.logged(/"event":"configuration-refused"/);
    await gateway.logged(/The keyring lacks the key k1-[0-9a-f]+, which is in use/);
    await logsIn(client, phone);
  });

  it('works in the store where no gateway runs, and goes on where it was cut off', async () => {
    const { keyring, gateway, start, client, phone, run } = await given();
    await gateway.end('SIGTERM');
    // given a rotation of which nothing but the file was done
    const [before] = keysIn(keyring);
    writeFileSync(keyring, rotatedKeyring(readFileSync(keyring, 'utf8'), Date.now()));
    // when it goes on
    const resealed = await run('reseal');
    // then there is no third key, and the old one seals nothing
    assert.deepEqual([resealed.code, keysIn(keyring).length], [0, 2], resealed.err);
    assert.deepEqual(rowOf((await run('list')).out, before?.id).slice(0, 2), ['older', '0']);
    await start();
    await logsIn(client, phone);
  });

  it('tells which secrets cannot be opened, and which key is missing, and fails', async () => {
    const { file, keyring, gateway, enrolled, run, phone } = await given();
    const other = await enrolled('bob');
    await gateway.end('SIGTERM');
    // given a key that was taken out too early, and a secret that somebody changed
    await run('rotate');
    const [old] = keysIn(keyring);
    const database = new DatabaseSync(join(file, '..', 'pushgate.db'));
    database.exec(
      `UPDATE tokens SET body = json_set(body, '$.serverKey.sealedPrivateKey', 'v1.${old?.id}.AAAA.AAAA') WHERE serial = '${phone.serial}'`,
    );
    database.exec(
      `UPDATE tokens SET body = json_set(body, '$.serverKey.sealedPrivateKey', (body ->> '$.serverKey.sealedPrivateKey') || 'AAAA') WHERE serial = '${other.serial}'`,
    );
    database.close();
    writeFileSync(keyring, JSON.stringify({ keys: keysIn(keyring).slice(1) }));
    const { code, out, err } = await run('verify');
    assert.equal(code, 1);
    assert.ok(out.includes(`the server key of push token ${phone.serial}: needs the key ${old?.id}, which is missing`), out);
    assert.ok(out.includes(`the server key of push token ${other.serial}: does not open, it was changed`), out);
    assert.ok(out.includes(`the password of administrator admin: needs the key ${old?.id}, which is missing`), out);
    assert.match(err, /Put the missing keys back/);
  });

  it('says when nothing needs an older key any more', async () => {
    const { file, keyring, gateway, run } = await given();
    await gateway.end('SIGTERM');
    await run('rotate');
    const [old] = keysIn(keyring);
    const database = new DatabaseSync(join(file, '..', 'pushgate.db'));
    for (const table of ['tokens', 'accounts', 'audit', 'audit_writers', 'audit_notes', 'transactions'])
      database.exec(`DELETE FROM ${table}`);
    database.close();
    assert.match((await run('list')).err, new RegExp(`^Nothing in the store needs ${old?.id}\\. It may be taken out`, 'm'));
    // and without it all opens
    writeFileSync(keyring, JSON.stringify({ keys: keysIn(keyring).slice(1) }));
    assert.equal((await run('verify')).code, 0);
  });

  it('shows a bar where somebody looks', async () => {
    const { file, gateway } = await given();
    await gateway.end('SIGTERM');
    const bars: string[] = [];
    const terminal = {
      out: () => undefined,
      err: () => undefined,
      rewrite: (line: string) => void bars.push(line),
      environment: {},
      stopRequested: async () => undefined,
      onReloadRequested: () => () => undefined,
    };
    assert.equal(await runCommand(['keyring', 'rotate', '--config', file], terminal), 0);
    assert.match(bars.at(-2) ?? '', /^\[#{40}\] 100 %, (\d+) of \1 secrets$/);
    assert.equal(bars.at(-1), '');
  });

  it('changes a file alone in two steps, for gateways elsewhere', async () => {
    const { keyring, gateway } = await given();
    await gateway.end('SIGTERM');
    const states = (): string[] => openKeyring(readFileSync(keyring, 'utf8')).keys.map(({ state }) => state);
    assert.equal((await runCli(['keyring', 'rotate', '--file', keyring])).code, 0);
    assert.deepEqual(states(), ['current', 'waiting']);
    assert.equal((await runCli(['keyring', 'rotate', '--file', keyring])).code, 0);
    assert.deepEqual(states(), ['older', 'current']);
  });

  describe('that has sealed a store', () => {
    it('keeps an empty one from being begun in its place, unless that is meant', async () => {
      const { file, gateway } = await given();
      await gateway.end('SIGTERM');
      // when the configuration names a place where there is no store
      const config = JSON.parse(readFileSync(file, 'utf8'));
      writeFileSync(file, JSON.stringify({ ...config, store: { kind: 'embedded', path: 'elsewhere.db' } }));
      // then the start is refused, and makes none
      const refused = await runCli(['serve', '--config', file]);
      assert.equal(refused.code, exitCodes.config.code);
      assert.match(
        refused.err,
        /^pushgate: The store is empty \(.*elsewhere\.db\), but the keyring has been in use since .* --new-store\n$/,
      );
      assert.equal(statSync(join(file, '..', 'elsewhere.db'), { throwIfNoEntry: false }), undefined);
      // and it begins anew on demand, which need not be said again
      assert.equal((await runCli(['serve', '--config', file, '--new-store'])).code, 0);
      assert.equal((await runCli(['serve', '--config', file])).code, 0);
    });

    it('and cannot note it lets the gateway start, with a warning', async () => {
      const folder = temporaryFolder(undo);
      const [file, keyring] = [join(folder, 'config.json'), join(folder, 'keyring.json')];
      writeFileSync(file, configText({ settings: { logLevel: 'warn' } }, `127.0.0.1:${await freePort()}`));
      await runCli(['keyring', 'create', keyring]);
      // given a file that is being changed for ever
      writeFileSync(`${keyring}.new`, '');
      const gateway = await gatewayProcess(file);
      assert.equal(await gateway.end('SIGTERM'), 0);
      assert.match(gateway.output().err, /the keyring file cannot be written/);
      assert.equal(openKeyring(readFileSync(keyring, 'utf8')).usedSince, undefined);
    });
  });
});
