import assert from 'node:assert/strict';
import { filesOf, loadedFiles } from '../kit/loaded-files.ts';

const openWith = (kind: string, config: string): string => `
  const { default: definition } = await import('./providers/${kind}/provider.ts');
  const { Secret } = await import('./src/delivery/provider-kit/index.ts');
  const { givenHost } = await import('./test/delivery/provider-conformance.ts');
  const { generateKeyPairSync } = await import('node:crypto');
  const pem = (...parameters) => generateKeyPairSync(...parameters).privateKey.export({ type: 'pkcs8', format: 'pem' });
  const provider = await definition.open(definition.config.parse(${config}), givenHost(definition));
  await provider.close();`;

const keyFile = `JSON.stringify({
  type: 'service_account', project_id: 'acme-mfa', client_email: 'gateway@acme-mfa.example', private_key: pem('rsa', { modulusLength: 2048 }),
})`;

describe("The vendors' libraries", function () {
  this.timeout(60_000);

  it('firebase-admin is loaded where there is no key file, and only there', () => {
    const [withKeyFile, without] = loadedFiles(
      openWith('firebase', `{ service_account: new Secret(${keyFile}) }`),
      openWith('firebase', '{}'),
    );
    assert.ok(withKeyFile?.some((url) => url.endsWith('/providers/firebase/provider.ts')));
    const packages = ['firebase-admin', 'google-auth-library'];
    assert.deepEqual(
      packages.map((name) => filesOf(name, withKeyFile)),
      [0, 0],
    );
    assert.ok(packages.every((name) => filesOf(name, without) > 0));
    // What sends is loaded by the first push, or a second after the start.
    assert.deepEqual([filesOf('undici', withKeyFile), filesOf('jose', withKeyFile)], [0, 0]);
  });

  it('node-apn is loaded when a provider is opened, not when its kind is looked at', () => {
    const key =
      "{ key: new Secret(pem('ec', { namedCurve: 'P-256' })), key_id: 'TEST000000', team_id: 'TEAM000000', topic: 'com.example.app' }";
    const [looked, opened] = loadedFiles("await import('./providers/apns/provider.ts');", openWith('apns', key));
    assert.ok(looked?.some((url) => url.endsWith('/providers/apns/provider.ts')));
    const packages = ['@parse/node-apn', 'jsonwebtoken'];
    assert.deepEqual(
      packages.map((name) => filesOf(name, looked)),
      [0, 0],
    );
    assert.ok(packages.every((name) => filesOf(name, opened) > 0));
  });

  it('the driver of MongoDB is loaded where the store is one, and only there', () => {
    const check = (store: object): string => `
      const { checkConfig } = await import('./src/config/index.ts');
      const listeners = [{ address: '127.0.0.1:0', mounts: [{ path: '/', serves: 'ops' }] }];
      const text = JSON.stringify({ listeners, store: ${JSON.stringify(store)}, keyring: { $env: 'K' } });
      const checked = await checkConfig(text, '/nowhere/config.json', { URL: 'mongodb://db.example' });
      if (!checked.ok) throw new Error(JSON.stringify(checked.error));`;
    const [embedded, mongodb] = loadedFiles(check({ kind: 'embedded', path: 'x' }), check({ kind: 'mongodb', url: { $env: 'URL' } }));
    assert.deepEqual([filesOf('mongodb', embedded), filesOf('mongodb-connection-string-url', embedded)], [0, 0]);
    assert.ok(filesOf('mongodb', mongodb) > 0);
  });
  it('OpenTelemetry is loaded when traces begin, not by what can be traced', () => {
    const [wire, traced] = loadedFiles(
      `
      const { openHttp } = await import('./src/foundation/wire/index.ts');
      const http = openHttp({});
      await http.request({ method: 'GET', url: 'http://127.0.0.1:9/' });
      await http.close();`,
      `
      const { startTracing } = await import('./src/foundation/telemetry/spans.ts');
      (await startTracing('1.0.0')).stop();`,
    );
    assert.ok(wire?.some((url) => url.endsWith('/src/foundation/telemetry/spans.ts')));
    assert.equal(filesOf('@opentelemetry/api', wire), 0);
    assert.ok(filesOf('@opentelemetry/api', traced) > 0);
  });
});
