import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openRadiusServers, openUserSource, radiusServerConfig, userSourceConfig } from '../../../src/engine/users/index.ts';
import { Secret } from '../../../src/foundation/settings/index.ts';
import { openLog, openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { fakeClock } from '../../kit/clock.ts';
import { freePort } from '../../kit/ports.ts';
import { radiusServer } from '../../kit/radius-server.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';
import { samplesOf } from '../../repository/prom-text.ts';

describe('The metrics of a source of users', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = () => {
    const metrics = openMetrics('test');
    const folder = temporaryFolder(undo);
    const open = (entry: object) => {
      const source = openUserSource(userSourceConfig.parse(entry), { folder, clock: fakeClock(), log: openLog('silent'), metrics });
      undo.later(() => source.close());
      return source;
    };
    /** Up or down, failures by reason, and how many questions were answered or not; what is 0 is left out. */
    const shown = async () => {
      const samples = samplesOf(await metrics.text()).filter(({ name }) => name.startsWith('pushgate_user_source'));
      const counted = (name: string, label: string) =>
        Object.fromEntries(
          samples.flatMap((each) => (each.name === name && each.value > 0 ? [[each.labels[label] ?? '', each.value] as const] : [])),
        );
      return {
        up: samples.find(({ name }) => name === 'pushgate_user_source_up')?.value,
        failures: counted('pushgate_user_source_failures_total', 'reason'),
        questions: counted('pushgate_user_source_seconds_count', 'outcome'),
      };
    };
    return { metrics, folder, open, shown };
  };
  const now = () => AbortSignal.timeout(2000);

  it('show a directory that nobody answers for, from the first login on', async () => {
    // given a directory whose port is closed
    const { open, shown } = given();
    const source = open({ name: 'ad', kind: 'ldap', config: { urls: `ldap://127.0.0.1:${await freePort()}`, baseDn: 'dc=corp' } });
    assert.deepEqual(await shown(), { up: 1, failures: {}, questions: {} });
    // when a user is looked for, and a password checked
    await source.find('alice');
    await source.checkPassword('alice', 'pw');
    // then it is down, and each try is counted with its reason
    assert.deepEqual(await shown(), { up: 0, failures: { connection: 2 }, questions: { unavailable: 2 } });
    // and a check, which is no question of a login, finds the same
    await source.check(now());
    assert.deepEqual(await shown(), { up: 0, failures: { connection: 3 }, questions: { unavailable: 2 } });
  });

  it('show a file that cannot be used, though its users are known still, and that it can be used again', async () => {
    const { open, shown, folder } = given();
    const write = (text: string) => writeFileSync(join(folder, 'users.json'), text);
    write('[{ "username": "alice" }]');
    const source = open({ name: 'staff', kind: 'file', config: { file: 'users.json' } });
    // when half a file is written
    write('[{ "username": "al');
    assert.equal((await source.find('alice')).kind, 'found');
    await source.check(now());
    // then it is down until it is whole
    assert.deepEqual(await shown(), { up: 0, failures: { unusable: 1 }, questions: { answered: 1 } });
    write('[{ "username": "alice" }, { "username": "bob" }]');
    await source.check(now());
    assert.equal((await shown()).up, 1);
  });

  it('show a RADIUS service that is silent, until it answers somebody', async () => {
    const { metrics, shown } = given();
    const server = await radiusServer(undo, 'shared');
    const config = { name: 'otp', servers: server.address, secret: new Secret('shared'), timeoutMs: 500, retries: 0 };
    const service = openRadiusServers([radiusServerConfig.parse(config)], { clock: fakeClock(), metrics }).get('otp');
    server.behave({ kind: 'silent' });
    await service?.authenticate('alice', 'pw');
    assert.deepEqual(await shown(), { up: 0, failures: { timeout: 1 }, questions: { unavailable: 1 } });
    // a no is an answer
    server.behave({ kind: 'reject' });
    await service?.authenticate('alice', 'pw');
    assert.deepEqual(await shown(), { up: 1, failures: { timeout: 1 }, questions: { unavailable: 1, answered: 1 } });
  });
});
