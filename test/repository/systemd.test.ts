import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { settingsConfig } from '../../src/config/schema.ts';
import { configText } from '../kit/gateway.ts';
import { gatewayAt } from '../kit/gateway-process.ts';
import { haveSystemdAnalyze, systemdAnalyze } from '../kit/systemd.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

const file = 'deploy/systemd/pushgate.service';
const unit = readFileSync(file, 'utf8');
/** The values of one setting of the unit, in their order. */
const valuesOf = (name: string): string[] => [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);
const only = (name: string): string => {
  const [value, ...more] = valuesOf(name);
  assert.ok(value !== undefined && more.length === 0, `${name} stands once`);
  return value;
};

describe('The systemd unit', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('is one that systemd takes, and hardened', function () {
    if (!haveSystemdAnalyze()) return this.skip();
    const folder = temporaryFolder(undo);
    const checked = (text: string) => {
      const copy = join(folder, 'pushgate.service');
      writeFileSync(copy, text.replaceAll('/usr/bin/node', process.execPath));
      // What is wrong with other units of this machine is not told of ours.
      const said = systemdAnalyze('verify', '--man=no', copy).text.split('\n');
      const exposure = systemdAnalyze('security', '--offline=true', '--threshold=20', copy);
      return { problems: said.filter((line) => line.includes('pushgate.service')), isHardened: exposure.status === 0 };
    };
    assert.deepEqual(checked(unit), { problems: [], isHardened: true });
    // and the check would find a setting that does not exist, a program that does not, and a unit without walls
    assert.equal(checked(unit.replace('KillMode=', 'KilMode=')).problems.length, 1);
    assert.equal(checked(unit.replace('/bin/kill', '/bin/no-such-program')).problems.length, 1);
    assert.equal(checked(unit.replace(/^(Protect|Private|Restrict|SystemCall|Capability).*\n/gm, '')).isHardened, false);
  });

  it('starts, reloads and stops a gateway by its own commands', async () => {
    // given the folder that it names, with the package and a configuration
    const folder = temporaryFolder(undo);
    mkdirSync(join(folder, 'node_modules'));
    mkdirSync(join(folder, 'data'), { mode: 0o700 });
    symlinkSync(resolve('.'), join(folder, 'node_modules/pushgate'));
    const config = JSON.parse(configText());
    config.store.path = 'data/pushgate.db';
    config.keyring.$file = 'data/keyring.json';
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    // when it is started as the unit says
    const [node, program = '', command, ...options] = only('ExecStart').split(' ');
    assert.deepEqual([node, command], ['/usr/bin/node', 'serve']);
    const variables = Object.fromEntries(valuesOf('Environment').flatMap((line) => line.split(' ').map((each) => each.split('='))));
    assert.ok(variables.NODE_COMPILE_CACHE.startsWith(`/var/cache/${only('CacheDirectory')}`));
    const place = { cwd: folder, program, variables: { ...variables, NODE_COMPILE_CACHE: join(folder, 'cache') } };
    const gateway = await gatewayAt(place, ...options);
    undo.later(() => gateway.end('SIGKILL'));
    // then its command for a reload lets it read the configuration again
    const [kill = '', ...signal] = only('ExecReload').replace('$MAINPID', String(gateway.child.pid)).split(' ');
    assert.equal(spawnSync(kill, signal).status, 0);
    await gateway.logged(/"event":"configuration-reloaded"/);
    // and all that it wrote is where it may write
    const writable = only('ReadWritePaths').replace(only('WorkingDirectory'), folder);
    for (const name of ['pushgate.db', 'keyring.json']) assert.ok(existsSync(join(writable, name)), name);
    // and it ends as systemd asks it to
    assert.equal(await gateway.end('SIGTERM'), 0);
  });

  it('waits for what is under way, longer than the gateway does', () => {
    assert.ok(Number(only('TimeoutStopSec')) * 1000 > settingsConfig.parse({}).drainMs);
  });
});
