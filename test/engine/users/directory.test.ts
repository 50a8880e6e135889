import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import bcrypt from 'bcryptjs';
import { type Directory, openDirectory, userSourceConfig } from '../../../src/engine/users/index.ts';
import { openLog } from '../../../src/foundation/telemetry/index.ts';
import { fakeClock } from '../../kit/clock.ts';
import { freePort } from '../../kit/ports.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

describe('The directory of users', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  type Realm = { name: string; users: string[] };
  const fileOf = (folder: string, name: string, users: Readonly<Record<string, string>>) => {
    const lines = Object.entries(users).map(([user, password]) => `${user}:${bcrypt.hashSync(password, 4)}`);
    writeFileSync(join(folder, name), lines.join('\n'));
    return { name, kind: 'file', config: { file: name, format: 'htpasswd' } };
  };
  const given = (realms: readonly Realm[], more: readonly object[] = []): Directory => {
    const folder = temporaryFolder(undo);
    const sources = [
      fileOf(folder, 'staff', { alice: 'pw', bob: 'builder' }),
      fileOf(folder, 'guests', { alice: 'other', carol: 'pw' }),
      ...more,
    ];
    const directory = openDirectory({
      realms: realms.map((realm) => ({ ...realm, default: false })),
      sources: sources.map((source) => userSourceConfig.parse(source)),
      folder,
      clock: fakeClock(),
      log: openLog('silent'),
    });
    undo.later(() => directory.close());
    return directory;
  };

  it('asks the sources of a realm in order, and says which one knows the user', async () => {
    const directory = given([{ name: 'corp', users: ['staff', 'guests'] }]);
    const alice = await directory.findUser('alice', 'corp');
    const carol = await directory.findUser('carol', 'corp');
    assert.ok(typeof alice === 'object' && typeof carol === 'object');
    assert.deepEqual([alice.resolver, carol.resolver], ['staff', 'guests']);
    assert.equal(await directory.checkPassword('alice', 'corp', 'pw'), 'right');
    assert.equal(await directory.checkPassword('alice', 'corp', 'other'), 'wrong', 'the password of her namesake');
    assert.equal(await directory.checkPassword('carol', 'corp', 'pw'), 'right');
    assert.equal(await directory.checkPassword('carol', 'corp', ''), 'wrong');
  });

  it('asks one source alone where it is named, and no other', async () => {
    const directory = given([{ name: 'corp', users: ['staff', 'guests'] }]);
    const found = await directory.findUser('alice', 'corp', 'guests');
    assert.ok(typeof found === 'object');
    assert.equal(found.resolver, 'guests');
    assert.deepEqual(
      [await directory.checkPassword('alice', 'corp', 'other', 'guests'), await directory.checkPassword('alice', 'corp', 'pw', 'guests')],
      ['right', 'wrong'],
    );
    assert.deepEqual(
      [await directory.findUser('bob', 'corp', 'guests'), await directory.findUser('bob', 'corp', 'nosuch')],
      ['unknown-user', 'unknown-user'],
    );
  });

  it('keeps realms apart', async () => {
    const directory = given([
      { name: 'corp', users: ['staff'] },
      { name: 'visitors', users: ['guests'] },
    ]);
    assert.equal(await directory.findUser('carol', 'corp'), 'unknown-user');
    assert.equal(await directory.checkPassword('carol', 'corp', 'pw'), 'unknown-user');
    assert.equal(await directory.checkPassword('carol', 'visitors', 'pw'), 'right');
    // and knows each in any case: the owner of a token may keep a name as it was written once
    assert.equal(await directory.checkPassword('carol', 'Visitors', 'pw'), 'right');
    assert.deepEqual([directory.isListed('CORP'), directory.sourceNames('CORP')], [true, ['staff']]);
  });

  it('has no list of a realm without sources, and says so', async () => {
    const directory = given([
      { name: 'open', users: [] },
      { name: 'corp', users: ['staff'] },
    ]);
    for (const realm of ['open', '', 'elsewhere']) {
      assert.equal(directory.isListed(realm), false);
      assert.equal(await directory.findUser('alice', realm), 'unlisted');
      assert.equal(await directory.checkPassword('alice', realm, 'pw'), 'unlisted');
    }
    assert.equal(directory.isListed('corp'), true);
  });

  it('does not take a namesake of a later source while an earlier one cannot be asked', async () => {
    const config = { urls: `ldap://127.0.0.1:${await freePort()}`, baseDn: 'dc=corp' };
    const directory = given([{ name: 'corp', users: ['ad', 'guests'] }], [{ name: 'ad', kind: 'ldap', config }]);
    assert.equal(await directory.findUser('alice', 'corp'), 'unavailable');
    assert.equal(await directory.checkPassword('alice', 'corp', 'other'), 'unavailable');
    const checks = await directory.check(AbortSignal.timeout(5000));
    assert.deepEqual(
      checks.map(({ name, result }) => [name, result.ok]),
      [
        ['staff', true],
        ['guests', true],
        ['ad', false],
      ],
    );
  });

  it('knows nobody by a name that cannot be one', async () => {
    const directory = given([{ name: 'corp', users: ['staff'] }]);
    for (const name of ['', 'x'.repeat(257), 'alice\0']) {
      assert.equal(await directory.findUser(name, 'corp'), 'unknown-user');
      assert.equal(await directory.checkPassword(name, 'corp', 'pw'), 'unknown-user');
    }
  });

  it('cannot be opened while a file of its users is missing', () => {
    const folder = temporaryFolder(undo);
    const source = userSourceConfig.parse(fileOf(folder, 'staff', {}));
    rmSync(join(folder, 'staff'));
    const open = () => openDirectory({ realms: [], sources: [source], folder, clock: fakeClock(), log: openLog('silent') });
    assert.throws(open, /user file .*staff cannot be used/);
  });
});
