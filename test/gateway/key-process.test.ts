import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/index.ts';
import { openLog } from '../../src/foundation/telemetry/index.ts';
import { startGateway } from '../../src/gateway/start.ts';
import { configText, mountsOfAll } from '../kit/gateway.ts';
import { gatewayProcess } from '../kit/gateway-process.ts';
import { freePort } from '../kit/ports.ts';
import { cheapParts } from '../kit/prepared-keys.ts';
import { childOf, comesTrue, isAlive } from '../kit/processes.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('A gateway and the process that makes its keys', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  /** A gateway that has keys to make for hours, and that process. */
  const given = async () => {
    const file = join(temporaryFolder(undo), 'config.json');
    const settings = { serverKeyBits: 4096, serverKeyStock: 10_000, logLevel: 'error' };
    writeFileSync(file, configText({ settings }, `127.0.0.1:${await freePort()}`));
    const gateway = await gatewayProcess(file);
    undo.later(() => gateway.end('SIGKILL'));
    const pid = gateway.child.pid ?? 0;
    return { gateway, pid, keys: await childOf(pid) };
  };

  it('ends with it, also where it ends without a word', async () => {
    for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
      const { gateway, keys } = await given();
      await gateway.end(signal);
      await comesTrue(() => !isAlive(keys));
    }
  });

  it('goes on without it, and starts another one', async () => {
    const { gateway, pid, keys } = await given();
    process.kill(keys, 'SIGKILL');
    await gateway.logged(/the process that makes keys ended \(SIGKILL\)/);
    await childOf(pid, [keys]);
    assert.equal(await gateway.end('SIGTERM'), 0);
  });
});

describe('The keys of a gateway', function () {
  this.timeout(20_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (mounts: object[]) => {
    const file = join(temporaryFolder(undo), 'config.json');
    const load = async (now: object[]) => {
      writeFileSync(file, configText({ mounts: [...now, { path: '/ops', serves: 'ops' }] }));
      const loaded = await loadConfig(file, {});
      assert.ok(loaded.ok);
      return loaded;
    };
    let workers = 0;
    const startKeyWorker = () => {
      workers += 1;
      return cheapParts.startKeyWorker('spare');
    };
    const parts = { ...cheapParts, startKeyWorker };
    const gateway = await startGateway({ ...(await load(mounts)).value, environment: {}, clock: Date.now, log: openLog('silent'), parts });
    undo.later(() => gateway.close());
    return {
      reload: async (now: object[]) => assert.equal(await gateway.reload(load(now)), 'reloaded'),
      /** How many keys are ready, as the gateway says. */
      async ready(): Promise<number> {
        const text = await (await fetch(`${gateway.urls[0]}/ops/metrics`)).text();
        return Number(/^pushgate_key_stock_keys (\d+)$/m.exec(text)?.[1]);
      },
      workers: () => workers,
    };
  };

  for (const { title, mounts, made } of [
    { title: 'are made where phones of privacyIDEA enrol', mounts: [{ path: '/', serves: 'privacyidea' }], made: true },
    { title: 'are made where phones of eduMFA enrol', mounts: [{ path: '/', serves: 'privacyidea', flavour: 'edumfa' }], made: true },
    { title: 'are made for a mount of phones alone', mounts: [{ path: '/', serves: 'privacyidea', phones: 'only' }], made: true },
    { title: 'are not made where only auth servers call', mounts: [{ path: '/', serves: 'privacyidea', phones: 'none' }], made: false },
    { title: "are not made for LinOTP's phones, which share one", mounts: [{ path: '/', serves: 'linotp' }], made: false },
    { title: 'are not made for relayed pushes', mounts: [{ path: '/', serves: 'challenge-service' }], made: false },
  ])
    it(title, async () => {
      const gateway = await given(mounts);
      while ((await gateway.ready()) !== (made ? 2 : 0));
      assert.equal(gateway.workers(), made ? 1 : 0);
    });

  it('are made as soon as a reload brings a mount that needs them', async () => {
    const gateway = await given([{ path: '/', serves: 'linotp' }]);
    await gateway.reload(mountsOfAll.filter(({ serves }) => serves !== 'ops'));
    while ((await gateway.ready()) !== 2);
    assert.equal(gateway.workers(), 1);
  });
});
