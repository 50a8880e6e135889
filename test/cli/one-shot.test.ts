import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fakesMaterial, writeFakes } from '../../src/cli/fakes-files.ts';
import { loadConfig } from '../../src/config/index.ts';
import { hexAddress, startFakes } from '../../src/fakes/index.ts';
import { openLog } from '../../src/foundation/telemetry/index.ts';
import { startGateway } from '../../src/gateway/start.ts';
import { openPhone } from '../../src/virtual-phone/index.ts';
import { configText } from '../kit/gateway.ts';
import { pushgate } from '../kit/gateway-process.ts';
import { opsClient } from '../kit/operator.ts';
import { piClient } from '../kit/pi-client.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

/**
 * Each command is a process of its own here: only that shows whether it lives until its work is done, and ends afterwards. The far sides close
 * no connection before the last test, so a command that an idle connection holds would never end.
 */
describe('A command in a process of its own, with providers that speak HTTP/2', function () {
  this.timeout(60_000);
  const undo = cleanup();
  after(() => undo.run());

  let file = '';
  let doctorsFile = '';
  let phone = '';
  let serial = '';

  /** Providers of each kind, with far sides of their own. */
  const givenProviders = async (out: string): Promise<object[]> => {
    const fakes = await startFakes({ clock: Date.now, ...(await fakesMaterial(out)) });
    undo.later(() => fakes.close());
    return writeFakes(out, fakes);
  };

  before(async () => {
    // given a gateway with FCM, APNs and a challenge service, and a phone that all of them can ring
    const folder = temporaryFolder(undo);
    phone = join(folder, 'phone.json');
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const write = async (name: string): Promise<string> => {
      const providers = await givenProviders(join(folder, `fakes-of-${name}`));
      const config = { ...JSON.parse(configText({}, `127.0.0.1:${port}`)), providers, policies: policiesOf(url) };
      writeFileSync(join(folder, `${name}.json`), JSON.stringify(config));
      return join(folder, `${name}.json`);
    };
    // The doctor opens providers itself: APNs takes the tokens of one key from one of two processes only.
    [file, doctorsFile] = [await write('gateway'), await write('doctor')];
    const loaded = await loadConfig(file, {});
    assert.ok(loaded.ok, JSON.stringify(loaded));
    const gateway = await startGateway({ ...loaded.value, environment: {}, clock: Date.now, log: openLog('silent') });
    undo.later(() => gateway.close());
    const client = piClient(url);
    const admin = await client.login('admin', gateway.firstPassword ?? '');
    const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice', pin: '1234' }, admin);
    serial = body.detail.serial;
    const virtual = openPhone({ file: phone, clock: Date.now });
    await virtual.enrol(body.detail.pushurl.value, { fcmToken: 'DEVICE-1' });
    await virtual.close();
    const ops = opsClient(url, admin);
    for (const address of [
      { kind: 'apns', value: hexAddress('DEVICE-2') },
      { kind: 'gda', value: 'DEVICE-3' },
    ])
      assert.equal((await ops('POST', `/ops/tokens/${serial}/addresses`, address)).status, 200);
  });

  const policiesOf = (url: string) => [
    { name: 'everybody', scope: 'authentication', actions: { push_provider: ['fcm', 'apns'], push_deadline_ms: 5000 } },
    { name: 'enrol', scope: 'enrollment', actions: { push_firebase_configuration: 'fcm', push_registration_url: `${url}/ttype/push` } },
  ];

  const rows: { it: string; argv: () => string[]; says: RegExp[] }[] = [
    {
      it: 'looks at all that a login needs: doctor',
      argv: () => ['doctor', '--config', doctorsFile],
      says: [/^fine {5}provider fcm: /m, /^fine {5}provider apns: /m, /^fine {5}provider cs: /m, /^fine {5}registration URL /m],
    },
    {
      it: 'opens every provider and connects none: check-config',
      argv: () => ['check-config', file],
      says: [/is fine\.\n$/],
    },
    {
      it: 'proves credentials through the gateway: providers check',
      argv: () => ['providers', 'check', '--config', file],
      says: [/^fcm: fine/m, /^apns: fine/m, /^cs: fine/m],
    },
    ...['fcm', 'apns'].map((name) => ({
      it: `rings a phone through the gateway: providers send-test ${name}`,
      argv: () => ['providers', 'send-test', name, '--serial', serial, '--config', file],
      says: [new RegExp(`^${name} has taken it over\\.`, 'm')],
    })),
    {
      it: 'logs in by a push: login',
      argv: () => ['login', '--user', 'alice', '--pin', '1234', '--approve', '--phone', phone, '--config', file],
      says: [/Login accepted\.\n$/],
    },
  ];
  for (const { it: title, argv, says } of rows) {
    it(title, async () => {
      const { code, out, err } = await pushgate(...argv());
      for (const line of says) assert.match(out, line, err);
      assert.deepEqual([code, err], [0, '']);
    });
  }
});

describe('A command that waits for nothing but a time limit', function () {
  this.timeout(60_000);

  it('hears of it, and ends then', async () => {
    // given work that waits for a time limit, which holds no process
    const program = `
      import { untilDone } from './src/cli/index.ts';
      const late = (resolve, reject) => AbortSignal.timeout(50).addEventListener('abort', ({ target }) => reject(target.reason));
      await untilDone(() => new Promise(late)).catch((error) => { console.error(String(error)); process.exitCode = 1; });`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'ignore', 'pipe'] });
    const said = text(child.stderr);
    const [code] = await once(child, 'close');
    assert.match(await said, /^TimeoutError/);
    assert.equal(code, 1);
  });
});
