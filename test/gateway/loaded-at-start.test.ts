import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configText, mountsOfAll } from '../kit/gateway.ts';
import { filesOf, loadedFiles } from '../kit/loaded-files.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

/** Packages for what most gateways never do, or not before somebody logs in. */
const later = [
  ...['undici', 'jose', 'mongodb', 'ldapts', 'firebase-admin', 'google-auth-library', '@parse/node-apn', 'node-forge'],
  ...['re2js', 'qr', 'pngjs', 'bcryptjs', '@noble/curves', '@fastify/busboy'],
];

/** Every file costs a start about a millisecond: more of them want a reason. */
const mostFiles = 850;

describe('The start of a gateway', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('loads what answers the first request, and nothing that it needs later or never', () => {
    // given a gateway with mounts of every dialect, and Firebase
    const folder = temporaryFolder(undo);
    const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
    const account = { type: 'service_account', project_id: 'acme', client_email: 'gateway@acme.example', private_key: key };
    writeFileSync(join(folder, 'account.json'), JSON.stringify(account));
    const fcm = { name: 'fcm', kind: 'firebase', default: true, config: { service_account: { $file: 'account.json' } } };
    writeFileSync(
      join(folder, 'config.json'),
      configText({ mounts: [...mountsOfAll, { path: '/rest', serves: 'rest' }], more: { providers: [fcm], policies: [] } }),
    );
    // when it starts
    const [files = []] = loadedFiles(`
      // As the command line does: the parts of a gateway hold no process by themselves.
      const holding = setInterval(() => undefined, 60_000);
      // No time passes, so that a slow start is not over when what comes a second later is loaded.
      (await import('node:test')).mock.timers.enable({ apis: ['setTimeout'] });
      const { openLog } = await import('./src/foundation/telemetry/index.ts');
      const { loadConfig } = await import('./src/config/index.ts');
      const { startGateway } = await import('./src/gateway/start.ts');
      const loaded = await loadConfig(${JSON.stringify(join(folder, 'config.json'))}, {});
      if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
      const gateway = await startGateway({ ...loaded.value, environment: {}, clock: Date.now, log: openLog('silent') });
      // Node's own client for the web, which comes with any look at all that node:http exports
      const second = process.moduleLoadList.includes('NativeModule internal/deps/undici/undici');
      await gateway.close();
      clearInterval(holding);
      if (second) throw new Error('a second HTTP client was loaded');`);
    // then it has loaded these files only
    assert.deepEqual(
      later.filter((name) => filesOf(name, files) > 0),
      [],
    );
    const own = files.filter((url) => url.startsWith('file:'));
    assert.ok(own.length > 100 && own.length <= mostFiles, `${own.length} files`);
  });
});
