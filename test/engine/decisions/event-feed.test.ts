import assert from 'node:assert/strict';
import { join } from 'node:path';
import { mock } from 'node:test';
import { readEvents } from '../../../src/engine/decisions/event-feed.ts';
import { openBackground } from '../../../src/engine/index.ts';
import { GatewayFault, type PublishedEvent } from '../../../src/foundation/model/index.ts';
import { openLog } from '../../../src/foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/index.ts';
import { numberGapMs } from '../../../src/store/exchange.ts';
import type { Store } from '../../../src/store/store.ts';
import { fakeClock, seconds } from '../../kit/clock.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

describe('Reading the events of an auth server', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async () => {
    const log = openLog('silent');
    const clock = fakeClock();
    const embedded = await openEmbeddedStore({ path: join(temporaryFolder(undo), 'pushgate.db'), log });
    undo.later(() => embedded.close());
    const eventsAfter: Store['eventsAfter'] = (...asked) => embedded.eventsAfter(...asked);
    const store = { ...embedded, eventsAfter };
    const background = openBackground(log);
    let count = 0;
    /** Publishes so many events, named `e1`, `e2` and so on. */
    const publish = (times = 1, { authServer = 'shop', endsAt = 1000 } = {}) =>
      store.publish(
        Array.from({ length: times }, () => {
          count += 1;
          return { id: `e${count}`, authServer, at: count, transaction: 't', kind: 'challenge.accepted', data: { id: 't' }, endsAt };
        }),
      );
    /** A reader, and what it was told: the begin, and ids of events. */
    const read = (known?: number, tell: (events: readonly PublishedEvent[]) => Promise<void> = async () => undefined) => {
      const told: string[] = [];
      let changed = (): void => undefined;
      const note = (...what: string[]): void => {
        told.push(...what);
        changed();
      };
      const failures: string[] = [];
      const stop = readEvents(
        { store, background, clock },
        {
          authServer: 'shop',
          known,
          begin: ({ kind, number }) => note(`${kind} ${number}`),
          tell: (events) => {
            note(...events.map(({ id }) => id));
            return tell(events);
          },
          failed: () => void failures.push('failed'),
        },
      );
      undo.later(stop);
      const until = async (last: string): Promise<string[]> => {
        while (told.at(-1) !== last)
          await new Promise<void>((resolve) => {
            changed = resolve;
          });
        return told;
      };
      return { told, until, stop, failures };
    };
    /** Hides these numbers, as those that another gateway has taken and not stored yet. */
    const hide = (...numbers: number[]): void => {
      store.eventsAfter = async (...asked) => (await eventsAfter(...asked)).filter(({ number }) => !numbers.includes(number));
    };
    return { store, clock, background, publish, read, hide, show: () => hide() };
  };

  it('tells where it stands, then each event as it comes, and nothing of other auth servers', async () => {
    const { publish, read } = await given();
    await publish(2);
    const { until } = read();
    await until('ready 2');
    await publish();
    await publish(1, { authServer: 'other' });
    await publish();
    assert.deepEqual(await until('e5'), ['ready 2', 'e3', 'e5']);
  });

  it('goes on after a known number, in batches, in order', async () => {
    const { publish, read } = await given();
    await publish(120);
    const { until } = read(3);
    const told = await until('e120');
    assert.deepEqual(
      told,
      Array.from({ length: 117 }, (_, index) => `e${index + 4}`),
    );
  });

  it('waits until its reader takes more', async () => {
    const { publish, read, background } = await given();
    const taken = Promise.withResolvers<void>();
    await publish(60);
    const { until, told } = read(0, () => taken.promise);
    await until('e50');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(told.length, 50);
    taken.resolve();
    await until('e60');
    await background.settled();
  });

  const resets: [title: string, known: number, expected: string[]][] = [
    ['events after the known one are gone', 1, ['reset 3', 'e4']],
    ['the known one is the last that is gone', 3, ['e4']],
    ['the known one was never given', 9, ['reset 4']],
    ['the known one is the last', 4, []],
  ];
  for (const [title, known, expected] of resets)
    it(`${expected[0]?.startsWith('reset') ? 'says reset' : 'says no reset'} where ${title}`, async () => {
      const { store, publish, read, background } = await given();
      await publish(3, { endsAt: 10 });
      await publish(1);
      await store.sweep(11, 100);
      const { told } = read(known);
      await background.settled();
      assert.deepEqual(told, expected);
    });

  it('says reset where all are gone', async () => {
    const { store, publish, read, background } = await given();
    await publish(3, { endsAt: 10 });
    await store.sweep(11, 100);
    const { told } = read(1);
    await background.settled();
    assert.deepEqual(told, ['reset 3']);
  });

  it('waits for a missing number, and then tells both in order', async () => {
    const { publish, read, hide, show, background } = await given();
    await publish(3);
    hide(2);
    const { told, until } = read(0);
    await background.settled();
    assert.deepEqual(told, ['e1']);
    show();
    await publish();
    assert.deepEqual(await until('e4'), ['e1', 'e2', 'e3', 'e4']);
  });

  it('passes over a number that stays missing', async () => {
    const { publish, read, hide, clock, background } = await given();
    await publish(3);
    hide(2);
    const { told, until } = read(0);
    await background.settled();
    clock.advance(numberGapMs - 1);
    await publish();
    await background.settled();
    assert.deepEqual(told, ['e1']);
    clock.advance(1);
    await publish();
    assert.deepEqual(await until('e5'), ['e1', 'e3', 'e4', 'e5']);
  });

  it('tries again after an outage of the store, and gives up after a defect', async () => {
    const { store, publish, read, background } = await given();
    const { eventsAfter } = store;
    await publish(1);
    mock.timers.enable({ apis: ['setTimeout'] });
    undo.later(() => mock.timers.reset());
    store.eventsAfter = () => Promise.reject(new GatewayFault('store-unavailable', 'no store'));
    const { told, failures } = read(0);
    await background.settled();
    assert.deepEqual([told, failures], [[], []]);
    store.eventsAfter = eventsAfter;
    mock.timers.tick(seconds(1));
    await background.settled();
    assert.deepEqual([told, failures], [['e1'], []]);
    store.eventsAfter = () => Promise.reject(new TypeError('a defect'));
    await publish();
    await background.settled();
    assert.deepEqual([told, failures], [['e1'], ['failed']]);
  });
});
