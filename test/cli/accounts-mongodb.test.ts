import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyringFile } from '../../src/foundation/keyring/index.ts';
import { seconds } from '../kit/clock.ts';
import { configText, givenGateway } from '../kit/gateway.ts';
import { dropDatabase, givenMongo } from '../kit/mongod.ts';
import { type RunCli, runCli } from '../kit/operator.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('pushgate accounts on MongoDB', function () {
  this.timeout(60_000);
  const mongo = givenMongo();
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A gateway whose policies let nobody look after accounts. */
  const given = async () => {
    const database = mongo.database();
    undo.later(() => dropDatabase(mongo.url(), database));
    const folder = temporaryFolder(undo);
    const [keyring, url] = [join(folder, 'keyring.json'), join(folder, 'url')];
    createKeyringFile(keyring, 0);
    writeFileSync(url, mongo.url());
    const wishes = {
      policies: [{ name: 'helpdesk', scope: 'admin', actions: { tokenlist: true } }],
      more: { store: { kind: 'mongodb', url: { $file: url }, database }, keyring: { $file: keyring } },
    };
    const gateway = await givenGateway(undo, wishes);
    const file = join(folder, 'config.json');
    writeFileSync(file, configText(wishes, new URL(gateway.gateway.urls[0] ?? '').host));
    const cli: RunCli = (...argv) => runCli(['accounts', ...argv, '--config', file]);
    return { ...gateway, cli };
  };

  it('opens the database itself: a gateway may run, and no policy is asked', async () => {
    const { client, clock, admin, cli } = await given();
    // when another account takes the place of the gateway's administrator
    const made = await cli('set', 'helpdesk');
    const password = /^Password: +(\S+) /m.exec(made.out)?.[1] ?? made.err;
    assert.equal((await cli('disable', 'admin')).code, 0);
    // then the gateway that runs knows within a second
    clock.advance(seconds(1));
    assert.equal((await client.get('/token/', {}, admin)).body.result.error?.code, 4305);
    assert.equal((await client.post('/auth', { username: 'helpdesk', password })).status, 200);
    // and the last enabled account stays
    const last = await cli('remove', 'helpdesk');
    assert.deepEqual([last.code, last.err], [5, 'pushgate: helpdesk is the last enabled account; enable or make another one first.\n']);
    assert.match((await cli('list')).out, /^admin {5}disabled .*\nhelpdesk {2}enabled .*\n$/m);
  });
});
