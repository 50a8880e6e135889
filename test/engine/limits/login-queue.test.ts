import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { openLoginQueue } from '../../../src/engine/limits/index.ts';
import { type GatewayEvent, Overloaded } from '../../../src/foundation/model/index.ts';
import { openMetrics } from '../../../src/foundation/telemetry/index.ts';

describe('The queue of logins', () => {
  afterEach(() => mock.timers.reset());

  const given = (bounds: { slots: number; waiting: number }) => {
    const metrics = openMetrics('test');
    const told: GatewayEvent[] = [];
    const queue = openLoginQueue({ metrics, tell: (event) => void told.push(event), bounds: { ...bounds, longestMs: 2000 } });
    const shown = async (series: string) => Number(new RegExp(`^${series} (\\d+)$`, 'm').exec(await metrics.text())?.[1]);
    return { queue, told, shown };
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  it('refuses what it has no room for before any work of it is done', async () => {
    const { queue, shown } = given({ slots: 0, waiting: 0 });
    let hashed = 0;
    const login = queue.run('vpn', async () => {
      hashed += 1;
    });
    await assert.rejects(login, (error) => error instanceof Overloaded && error.retryAfterSeconds === 30);
    assert.equal(hashed, 0);
    assert.equal(await shown('pushgate_requests_shed_total\\{auth_server="vpn",reason="queue"\\}'), 1);
  });

  it('refuses who has waited for two seconds, undone', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const { queue, shown } = given({ slots: 0, waiting: 4 });
    const login = queue.run('vpn', async () => assert.fail('it was begun'));
    assert.equal(await shown('pushgate_login_queue_length'), 1);
    mock.timers.tick(2000);
    await assert.rejects(login, { name: 'Overloaded', retryAfterSeconds: 2 });
    assert.equal(await shown('pushgate_requests_shed_total\\{auth_server="vpn",reason="waited"\\}'), 1);
  });

  it('goes on to the next login while one waits for its push service', async () => {
    const { queue } = given({ slots: 1, waiting: 4 });
    const done: string[] = [];
    let answer = (): void => undefined;
    const hanging = queue.run('vpn', async () => {
      await settle();
      queue.releaseSlot();
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      done.push('vpn');
    });
    await queue.run('wiki', async () => void done.push('wiki'));
    answer();
    await hanging;
    assert.deepEqual(done, ['wiki', 'vpn']);
    // and a place that was given back is given back once
    const both = [queue.run('vpn', settle), queue.run('vpn', async () => void done.push('second'))];
    assert.deepEqual(done, ['wiki', 'vpn']);
    await Promise.all(both);
  });

  for (const { title, work } of [
    {
      title: 'asks two directories at once',
      work: (withoutSlot: (work: () => Promise<unknown>) => Promise<unknown>) => Promise.all([withoutSlot(settle), withoutSlot(settle)]),
    },
    {
      title: 'leaves a question to a directory behind',
      work: async (withoutSlot: (work: () => Promise<unknown>) => Promise<unknown>) => void withoutSlot(settle),
    },
  ])
    it(`has all its places again after a login that ${title}`, async () => {
      const { queue } = given({ slots: 2, waiting: 4 });
      await queue.run('vpn', () => work(queue.withoutSlot));
      for (let rest = 0; rest < 4; rest += 1) await settle();
      let begun = 0;
      const next = Array.from({ length: 2 }, () =>
        queue.run('vpn', async () => {
          begun += 1;
          await settle();
        }),
      );
      await Promise.resolve();
      assert.equal(begun, 2);
      await Promise.all(next);
    });

  it('goes on to the next login while one asks a directory, which then comes before those that have not begun', async () => {
    const { queue } = given({ slots: 1, waiting: 8 });
    const done: string[] = [];
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const asking = queue.run('vpn', async () => {
      await queue.withoutSlot(() => asked);
      done.push('asked');
    });
    const next = queue.run('vpn', async () => {
      done.push('next');
      answer();
      await settle();
    });
    const last = queue.run('vpn', async () => void done.push('last'));
    await Promise.all([asking, next, last]);
    assert.deepEqual(done, ['next', 'asked', 'last']);
  });

  it('tells once when it begins to refuse, and once when that is over', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    const { queue, told } = given({ slots: 0, waiting: 0 });
    const flood = () => assert.rejects(queue.run('vpn', settle), Overloaded);
    await flood();
    mock.timers.tick(10_000);
    await flood();
    assert.deepEqual(told, [{ kind: 'overload-began', authServer: 'vpn', reason: 'queue' }]);
    mock.timers.tick(20_000);
    assert.deepEqual(told.slice(1), [{ kind: 'overload-ended', refused: 2 }]);
    await flood();
    assert.equal(told.length, 3);
  });
});
