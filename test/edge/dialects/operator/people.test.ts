import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyringFile } from '../../../../src/foundation/keyring/index.ts';
import { openLog } from '../../../../src/foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../../../../src/store/embedded/index.ts';
import { configText, type GatewayWishes, givenGateway } from '../../../kit/gateway.ts';
import { opsClient, type RunCli, runCli } from '../../../kit/operator.ts';
import { forgetOwnerKeys, givenPushToken } from '../../../kit/records.ts';
import { cleanup, temporaryFolder } from '../../../kit/temporary.ts';

describe('Users whose names differ in case alone, for operators', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (wishes: GatewayWishes = {}) => {
    const gateway = await givenGateway(undo, wishes);
    const url = gateway.gateway.urls[0] ?? '';
    writeFileSync(join(gateway.folder, 'config.json'), configText(wishes, new URL(url).host));
    const cli: RunCli = (...argv) => runCli([...argv, '--config', join(gateway.folder, 'config.json')]);
    const login = async (user: string) => (await gateway.client.post('/validate/check', { user, pass: '1234' })).body.result.authentication;
    return { ...gateway, cli, login, ops: opsClient(url, gateway.admin) };
  };

  it('are listed, by doctor too, and merged or separated as the operator decides, with their PINs', async () => {
    // given push tokens of Bob and bob, who were one user in earlier versions
    const { cli, login, phoneOf } = await given();
    const [capital, small] = [await phoneOf('Bob'), await phoneOf('bob', { pin: '9999' })];
    await phoneOf('carol');
    const told = 'realm corp: Bob and bob were one user and are 2';
    assert.equal((await cli('people', 'list')).out, 'REALM  NOW    USERS\ncorp   apart  Bob and bob\n');
    assert.match((await cli('doctor')).out, new RegExp(`^warning +people: ${told}`, 'm'));
    assert.deepEqual([await login('Bob'), await login('bob')], ['CHALLENGE', 'REJECT']);
    // when they are made one
    const merged = await cli('people', 'merge', 'Bob', 'bob');
    // then the push token of one belongs to the other, with its PIN, and nothing is left to decide
    assert.equal(merged.out, `bob has ${capital.serial} now\n`);
    assert.deepEqual([await login('Bob'), await login('bob')], ['REJECT', 'CHALLENGE']);
    assert.equal((await cli('people', 'list')).out, 'REALM  NOW  USERS\n');
    assert.match((await cli('people', 'merge', 'Bob', 'bob')).out, /^Nothing to give/);
    // and one push token can be given back
    assert.equal((await cli('people', 'split', 'Bob', capital.serial)).out, `Bob has ${capital.serial} now\n`);
    assert.deepEqual([await login('Bob'), await login('bob')], ['CHALLENGE', 'REJECT']);
    assert.notEqual(small.serial, capital.serial);
  });

  it('are logged at the first start after an upgrade, and only there', async () => {
    // given the store of an older version, with push tokens of Bob and bob
    const path = join(temporaryFolder(undo), 'pushgate.db');
    const store = await openEmbeddedStore({ path, log: openLog('silent') });
    for (const user of ['Bob', 'bob']) await store.addToken(givenPushToken({ serial: user, owner: { user, realm: 'corp', resolver: '' } }));
    await store.close();
    forgetOwnerKeys(path);
    const keyring = join(temporaryFolder(undo), 'keyring.json');
    createKeyringFile(keyring, 0);
    // when a gateway of this version starts on it, and starts again
    const start = async () => {
      const { gateway, logged } = await givenGateway(undo, { more: { store: { kind: 'embedded', path }, keyring: { $file: keyring } } });
      await gateway.close();
      return logged.filter(({ message }) => String(message).startsWith('names that differ'));
    };
    const [first, second] = [await start(), await start()];
    // then
    assert.deepEqual(
      first.map(({ realm, users, message }) => [realm, users, message]),
      [
        [
          'corp',
          [{ names: ['Bob'] }, { names: ['bob'] }],
          'names that differ only in case or width were one user and are now several; see npx pushgate people --help',
        ],
      ],
    );
    assert.deepEqual(second, []);
  });

  it('need no decision where the realm ignores case, unless only the width of letters made them one user', async () => {
    const { ops, phoneOf } = await given({ more: { realms: [{ name: 'corp', default: true, ignoreCase: true }] } });
    await phoneOf('Bob');
    await phoneOf('bob');
    assert.deepEqual((await ops('GET', '/ops/people')).body.people, []);
    await phoneOf('\uff42ob');
    const [group] = (await ops('GET', '/ops/people')).body.people;
    assert.deepEqual(group, { realm: 'corp', now: 'together', users: [{ names: ['Bob', 'bob', '\uff42ob'] }] });
  });

  it('cannot be merged with users of other names or unknown realms, nor by an operator who may not assign push tokens', async () => {
    const { ops, phoneOf } = await given();
    const { serial } = await phoneOf('alice');
    const replies = [
      await ops('POST', '/ops/people/merge', { from: 'alice', into: 'bob' }),
      await ops('POST', '/ops/people/split', { into: 'bob', serials: [serial] }),
      await ops('POST', '/ops/people/merge', { realm: 'nowhere', from: 'Bob', into: 'bob' }),
      await ops('POST', '/ops/people/split', { into: 'bob', serials: [] }),
    ];
    assert.deepEqual(
      replies.map(({ status }) => status),
      [400, 400, 404, 400],
    );
    const helpdesk = await given({ policies: [{ name: 'helpdesk', scope: 'admin', actions: { operate: true } }] });
    const refused = await helpdesk.ops('POST', '/ops/people/merge', { from: 'Bob', into: 'bob' });
    assert.deepEqual([refused.status, refused.body.error.code], [403, 'forbidden']);
    assert.equal((await helpdesk.ops('GET', '/ops/people')).status, 200);
  });
});
