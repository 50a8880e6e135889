import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { operatorFallback } from '../../../src/edge/dialects/operator/index.ts';
import { openListener, openReadiness, opsRoutes } from '../../../src/edge/http/index.ts';
import { GatewayFault } from '../../../src/foundation/model/index.ts';
import { openLog, openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { fakeClock } from '../../kit/clock.ts';
import { cleanup } from '../../kit/temporary.ts';

type Circuit = 'closed' | 'open' | 'half-open';

describe('Probes', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A listener with probes. `store` is called for a write; `writes` counts these calls. */
  const given = async ({ isOwn = true } = {}) => {
    const clock = fakeClock();
    const logged: Record<string, unknown>[] = [];
    const log = openLog('info', { write: (line: string) => void logged.push(JSON.parse(line)) });
    const world = {
      store: async (): Promise<{ now?: number }> => ({}),
      writes: 0,
      looks: 0,
      draining: { now: false },
      circuits: ['closed'] as Circuit[],
      skews: [] as number[],
    };
    const probe = () => {
      world.writes += 1;
      return world.store();
    };
    const metrics = openMetrics('1.2.3');
    const readiness = openReadiness({ probe, clock, log, onSkew: (ms) => void world.skews.push(ms) });
    const routes = opsRoutes({
      metrics,
      readiness,
      providers: () => world.circuits.map((circuit, index) => ({ name: `p${index}`, circuit })),
      userSources: async () => {
        world.looks += 1;
        return [{ name: 'ad', ok: false, detail: 'ldaps://ad: tls, its certificate has ended' }];
      },
      draining: world.draining,
      isOwn,
    });
    const mounts = [{ path: '/', dialect: 'ops', routes, fallback: operatorFallback }];
    const { url, close } = await openListener({ address: '127.0.0.1:0', mounts, log, metrics, draining: world.draining });
    undo.later(() => close(0));
    const ask = async (path: string) => {
      const reply = await fetch(`${url}${path}`);
      return { status: reply.status, body: JSON.parse(await reply.text()) };
    };
    const statuses = async () => Promise.all(['/livez', '/readyz', '/healthz'].map(async (path) => (await ask(path)).status));
    return { world, clock, readiness, ask, statuses, logged, url };
  };
  const fullDisk = () =>
    Promise.reject(new GatewayFault('store-unavailable', 'The embedded store cannot write. Is its disk full or broken?'));

  it('report a gateway as live, ready and healthy', async () => {
    const { ask, statuses, url } = await given();
    assert.deepEqual(await statuses(), [200, 200, 200]);
    assert.deepEqual((await ask('/readyz')).body, { ready: true, draining: false, checks: [{ name: 'store', ok: true }] });
    assert.match(await (await fetch(`${url}/metrics`)).text(), /pushgate_build_info\{version="1\.2\.3"\} 1/);
    assert.equal((await ask('/nothing')).status, 404);
  });

  it('report a gateway as not ready while its store accepts no write', async () => {
    const { world, clock, ask, statuses, logged } = await given();
    await ask('/readyz');
    // when the disk is full
    world.store = fullDisk;
    clock.advance(1000);
    // then it lives, but is not ready
    assert.deepEqual(await statuses(), [200, 503, 503]);
    // and is so by itself when there is room again; the log told both
    world.store = async () => ({});
    clock.advance(1000);
    assert.deepEqual(await statuses(), [200, 200, 200]);
    const told = logged.filter(({ message }) => /ready/.test(String(message)));
    assert.deepEqual(
      told.map(({ message }) => message),
      ['the gateway is not ready', 'the gateway is ready again'],
    );
    assert.match(JSON.stringify(told[0]), /disk full/);
  });

  it('report a gateway as not ready while it drains', async () => {
    const { world, statuses } = await given();
    world.draining.now = true;
    assert.deepEqual(await statuses(), [200, 503, 503]);
  });

  for (const [circuits, healthz] of [
    [[], 200],
    [['open', 'closed'], 200],
    [['half-open', 'half-open'], 200],
    [['open', 'open'], 503],
  ] as const)
    it(`keep a gateway in service with providers [${circuits.join(', ')}]; its health is ${healthz}`, async () => {
      const { world, statuses, ask } = await given();
      world.circuits = [...circuits];
      assert.deepEqual(await statuses(), [200, 200, healthz]);
      assert.deepEqual(
        (await ask('/healthz')).body.providers.map(({ circuit }: { circuit: Circuit }) => circuit),
        circuits,
      );
    });

  it('share one write of the store, whatever the caller and probe, and write again a second later', async () => {
    // given a store that is slow
    const { world, clock, readiness, ask } = await given();
    const slow = Promise.withResolvers<{ now?: number }>();
    world.store = () => slow.promise;
    // when several probes come during a write, though it takes more than a second
    const asked = [readiness(), readiness()];
    clock.advance(1500);
    asked.push(readiness());
    slow.resolve({});
    for (const results of await Promise.all(asked)) assert.deepEqual(results, [{ name: 'store', ok: true }]);
    // then there was one write; the next probe causes another, and those within a second after that do not
    assert.equal(world.writes, 1);
    for (const path of ['/readyz', '/healthz', '/readyz']) await ask(path);
    assert.equal(world.writes, 2);
    clock.advance(999);
    await ask('/readyz');
    assert.equal(world.writes, 2);
    clock.advance(1);
    await ask('/readyz');
    assert.equal(world.writes, 3);
  });

  it('do not reuse an old result for long when the clock was set back', async () => {
    const { world, clock, ask } = await given();
    await ask('/readyz');
    clock.advance(-3_600_000);
    await ask('/readyz');
    assert.equal(world.writes, 2);
  });

  for (const { title, skewMs, tookMs, status } of [
    { title: 'agrees with the store', skewMs: 1999, tookMs: 0, status: 200 },
    { title: 'is two seconds behind', skewMs: 2000, tookMs: 0, status: 503 },
    { title: 'is two seconds ahead', skewMs: -2000, tookMs: 0, status: 503 },
    { title: 'agrees, with a store that is slow to answer', skewMs: 0, tookMs: 5000, status: 200 },
  ])
    it(`report ${status} for a gateway whose clock ${title}`, async () => {
      const { world, clock, ask } = await given();
      world.store = async () => {
        const now = clock() + skewMs;
        clock.advance(tookMs);
        return { now };
      };
      const reply = await ask('/readyz');
      assert.equal(reply.status, status);
      // and the metric has the offset
      assert.deepEqual(world.skews, [0 - skewMs]);
      const found = reply.body.checks.find(({ name }: { name: string }) => name === 'clock');
      if (status === 503) assert.match(found.detail, /^this clock and the store's are 2\.0 s apart; .*NTP/);
      else assert.deepEqual(found, { name: 'clock', ok: true });
    });

  it('wait two seconds for a silent store', async () => {
    // given a store that never answers
    const never = new Promise<never>(() => undefined);
    mock.timers.enable({ apis: ['setTimeout'] });
    undo.later(() => mock.timers.reset());
    const readiness = openReadiness({ probe: () => never, clock: fakeClock(), log: openLog('silent') });
    // when two seconds are over
    const results = readiness();
    mock.timers.tick(2000);
    // then that is the result
    assert.deepEqual(await results, [{ name: 'store', ok: false, detail: 'the store accepted no write within 2000 ms' }]);
  });

  it('show texts and names only on a listener for probes alone', async () => {
    for (const isOwn of [true, false]) {
      const { world, ask } = await given({ isOwn });
      world.store = fullDisk;
      world.circuits = ['open'];
      for (const path of ['/readyz', '/healthz']) {
        const { body } = await ask(path);
        assert.equal(JSON.stringify(body).includes('disk full'), isOwn, path);
        assert.equal(JSON.stringify(body).includes('"p0"'), isOwn && path === '/healthz', path);
        assert.deepEqual([body.checks[0].name, body.checks[0].ok], ['store', false]);
      }
    }
  });

  it('show operators why a source of users is unavailable, which takes no gateway out of service', async () => {
    const { ask } = await given();
    const { status, body } = await ask('/healthz');
    assert.equal(status, 200);
    assert.deepEqual(body.userSources, [{ name: 'ad', ok: false, detail: 'ldaps://ad: tls, its certificate has ended' }]);
  });

  it('query no source of users for phones and strangers', async () => {
    const { world, ask } = await given({ isOwn: false });
    assert.equal((await ask('/healthz')).body.userSources, undefined);
    assert.equal(world.looks, 0);
  });
});
