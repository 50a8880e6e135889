import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type NewMessage, type OpenMessage, type OutboxTarget, openOutbox, type Sent } from '../../../src/engine/outbox/index.ts';
import { newKeyring, openKeyring } from '../../../src/foundation/keyring/index.ts';
import type { GatewayEvent } from '../../../src/foundation/model/index.ts';
import { openLog, openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/index.ts';
import { fakeClock, minutes, seconds } from '../../kit/clock.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

const hook = 'hook:billing';
const again = (error = '503'): Sent => ({ kind: 'again', error });

describe('The outbox', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** An outbox whose target answers by `reply`, by default with success. */
  const given = async (
    reply: (message: OpenMessage, signal: AbortSignal) => Sent | Promise<Sent> = () => ({ kind: 'done' }),
    isOnce = false,
  ) => {
    const log = openLog('silent');
    const store = await openEmbeddedStore({ path: join(temporaryFolder(undo), 'pushgate.db'), log });
    undo.later(() => store.close());
    const clock = fakeClock();
    const metrics = openMetrics('1');
    const events: GatewayEvent[] = [];
    const sent: OpenMessage[] = [];
    const target: OutboxTarget = {
      async send(message, signal) {
        sent.push(message);
        return reply(message, signal);
      },
      isOnce: () => isOnce,
    };
    const parts = {
      store,
      clock,
      log,
      metrics,
      keyring: openKeyring(newKeyring(0)),
      random: () => 0.5,
      tell: (event: GatewayEvent) => void events.push(event),
    };
    const open = (targets: Record<string, OutboxTarget> = { [hook]: target }) => {
      const outbox = openOutbox(parts, targets);
      undo.later(() => outbox.stop());
      return outbox;
    };
    const outbox = open();
    return {
      store,
      clock,
      metrics,
      events,
      sent,
      outbox,
      open,
      ids: () => sent.map(({ id }) => id).join(' '),
      message: (id = 'm1', over: Partial<NewMessage> = {}): NewMessage => ({
        id,
        target: hook,
        order: id,
        position: 0,
        authServer: 'shop',
        payload: '{"type":"challenge.accepted"}',
        ...over,
      }),
    };
  };

  it('sends a message that was stored, once, and its payload is sealed in the store', async () => {
    const { outbox, store, message, sent, clock } = await given();
    await outbox.add([message()]);
    await outbox.add([message()]);
    const [stored] = await store.listMessages({}, 10);
    assert.match(stored?.payload ?? '', /^v1\./);
    await outbox.round();
    await outbox.round();
    assert.deepEqual(sent, [{ id: 'm1', authServer: 'shop', createdAt: clock(), attempts: 1, payload: '{"type":"challenge.accepted"}' }]);
    assert.deepEqual(await store.listMessages({}, 10), []);
  });

  it('sends a message that this gateway adds at once, when it has started', async () => {
    const { promise: arrived, resolve } = Promise.withResolvers<void>();
    const { outbox, message } = await given(() => {
      resolve();
      return { kind: 'done' };
    });
    outbox.start();
    await outbox.add([message()]);
    await arrived;
  });

  it('sends a failed message again after 5 seconds, doubled up to an hour, and gives it up after a day', async () => {
    const { outbox, message, sent, clock, events, store, metrics } = await given(() => again());
    const delays: number[] = [];
    await outbox.add([message()]);
    let last = clock();
    for (let round = 0; events.length === 0; round += 1) {
      assert.ok(round < 100);
      const before = sent.length;
      await outbox.round();
      if (sent.length > before) delays.push(clock() - last);
      if (sent.length > before) last = clock();
      const [next] = await store.listMessages({ state: 'waiting' }, 1);
      if (next) clock.advance(next.dueAt - clock());
    }
    assert.deepEqual(
      delays.map((ms) => ms / 1000),
      [0, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, ...Array<number>(22).fill(3600)],
    );
    assert.deepEqual(events, [
      { kind: 'message-dead', target: hook, authServer: 'shop', message: 'm1', attempts: delays.length, error: '503' },
    ]);
    assert.match(await metrics.text(), /pushgate_outbox_attempts_total\{target="hook:billing",outcome="dead"\} 1/);
    // then it is kept for a week
    clock.advance(minutes(7 * 24 * 60));
    await store.sweep(clock(), 10);
    assert.equal((await outbox.list({ state: 'dead' }, 10)).length, 1);
    await store.sweep(clock() + 1, 10);
    assert.equal((await outbox.list({}, 10)).length, 0);
  });

  it('waits as long as the target asks for, and gives up at once what it refuses for good', async () => {
    const replies: Sent[] = [
      { kind: 'again', error: '429', afterMs: seconds(90) },
      { kind: 'never', error: '410' },
    ];
    const { outbox, message, sent, clock, events } = await given(() => replies.shift() ?? assert.fail());
    await outbox.add([message()]);
    await outbox.round();
    clock.advance(seconds(89));
    await outbox.round();
    assert.equal(sent.length, 1);
    clock.advance(seconds(1));
    await outbox.round();
    const [dead] = await outbox.list({}, 1);
    assert.deepEqual([dead?.state, dead?.lastError, events.length], ['dead', '410', 1]);
    assert.ok(dead && !('payload' in dead));
  });

  it('keeps the order of a transaction, whatever happens to others', async () => {
    const isDown = { now: true };
    const { outbox, message, clock, ids } = await given(({ id }) => (id === 'a1' && isDown.now ? again() : { kind: 'done' }));
    await outbox.add([
      message('a2', { order: 'a', position: 2 }),
      message('a1', { order: 'a', position: 1 }),
      message('b1', { order: 'b', position: 1 }),
      message('b2', { order: 'b', position: 2 }),
    ]);
    await outbox.round();
    assert.deepEqual(ids().split(' ').sort().join(' '), 'a1 b1 b2');
    isDown.now = false;
    clock.advance(seconds(5));
    await outbox.round();
    assert.ok(ids().endsWith('a1 a2'), ids());
  });

  it('sends ten messages at once to one target, and one per round to a target that is down', async () => {
    let most = 0;
    let underWay = 0;
    const isDown = { now: false };
    const { outbox, message, sent, clock } = await given(async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise(setImmediate);
      underWay -= 1;
      return isDown.now ? again() : { kind: 'done' };
    });
    await outbox.add(Array.from({ length: 40 }, (_, index) => message(`m${index}`)));
    await outbox.round();
    assert.deepEqual([sent.length, most], [40, 10]);
    // when it is down
    isDown.now = true;
    await outbox.add(Array.from({ length: 40 }, (_, index) => message(`n${index}`)));
    await outbox.round();
    const tried = sent.length - 40;
    assert.ok(tried >= 3 && tried <= 20, `${tried} attempts`);
    for (const _ of [1, 2]) await outbox.round();
    assert.equal(sent.length - 40, tried + 2);
    // and back again
    isDown.now = false;
    clock.advance(seconds(60));
    await outbox.round();
    assert.deepEqual(await outbox.tally(), []);
  });

  it('sends a message again whose gateway died, when the lease has ended', async () => {
    const { outbox, store, message, clock, ids } = await given();
    await outbox.add([message()]);
    await store.claimMessages(hook, { now: clock(), leaseUntil: clock() + 60_000, limit: 1 });
    clock.advance(59_999);
    await outbox.round();
    assert.equal(ids(), '');
    clock.advance(1);
    await outbox.round();
    assert.equal(ids(), 'm1');
  });

  it('cuts off an attempt that takes long when the gateway stops, and another gateway sends the message', async () => {
    const hanging = { now: true };
    const { outbox, message, open, clock, ids } = await given((_message, signal) =>
      hanging.now ? new Promise((resolve) => signal.addEventListener('abort', () => resolve(again('aborted')))) : { kind: 'done' },
    );
    outbox.start();
    await outbox.add([message()]);
    while (ids() === '') await new Promise(setImmediate);
    await outbox.stop();
    assert.equal((await outbox.list({}, 1))[0]?.lastError, 'aborted');
    hanging.now = false;
    clock.advance(seconds(5));
    await open().round();
    assert.equal(ids(), 'm1 m1');
  });

  describe('with messages that may be sent once only', () => {
    it('notes that one has begun before its first byte', async () => {
      const states: (string | undefined)[] = [];
      const { outbox, store, message } = await given(async ({ id }) => {
        states.push((await store.findMessage(id))?.state);
        return { kind: 'done' };
      }, true);
      await outbox.add([message()]);
      await outbox.round();
      assert.deepEqual(states, ['begun']);
    });

    it('never sends a begun one again: its outcome is unknown, and no replay changes that', async () => {
      const { outbox, store, message, clock, sent, events } = await given(undefined, true);
      await outbox.add([message()]);
      await store.claimMessages(hook, { now: clock(), leaseUntil: clock() + 60_000, limit: 1 });
      await store.changeMessage('m1', 1, { state: 'begun' });
      clock.advance(60_000);
      await outbox.round();
      assert.deepEqual([sent.length, events[0]?.kind === 'message-dead' && events[0].error], [0, 'outcome-unknown']);
      assert.equal(await outbox.replay('m1'), 'outcome-unknown');
      await outbox.round();
      assert.equal(sent.length, 0);
    });

    it('sends one again only when the target says that nothing was sent', async () => {
      const replies: (Sent | Error)[] = [again('connection'), new Error('cut off')];
      const { outbox, message, clock, sent } = await given(() => {
        const reply = replies.shift() ?? assert.fail();
        if (reply instanceof Error) throw reply;
        return reply;
      }, true);
      await outbox.add([message()]);
      await outbox.round();
      assert.equal((await outbox.list({}, 1))[0]?.state, 'waiting');
      clock.advance(seconds(5));
      await outbox.round();
      const [dead] = await outbox.list({}, 1);
      assert.deepEqual([sent.length, dead?.state, dead?.lastError], [2, 'dead', 'outcome-unknown']);
    });
  });

  it('makes a message due before its time, unless a gateway has tried it', async () => {
    const { outbox, message, clock, ids, open } = await given();
    await outbox.add([message('m1', { dueAt: clock() + minutes(2) }), message('m2', { dueAt: clock() + minutes(2) })]);
    await outbox.makeDue('m2');
    await outbox.makeDue('unknown');
    await outbox.round();
    assert.equal(ids(), 'm2');
    // given a target that is not there yet, so that the other message was tried
    clock.advance(minutes(2));
    await open({}).round();
    // when it is made due
    await outbox.makeDue('m1');
    await outbox.round();
    // then its time stays as it was
    assert.equal(ids(), 'm2');
    clock.advance(seconds(5));
    await outbox.round();
    assert.equal(ids(), 'm2 m1');
  });

  it('replays a dead message, drops any, and says why it did not', async () => {
    const replies: Sent[] = [{ kind: 'never', error: '410' }];
    const { outbox, message, ids } = await given(() => replies.shift() ?? { kind: 'done' });
    await outbox.add([message('a'), message('b', { dueAt: 2 ** 42 })]);
    await outbox.round();
    const replayed = await outbox.replay('a');
    assert.ok(typeof replayed === 'object' && replayed.target === hook);
    assert.deepEqual([await outbox.replay('a'), await outbox.replay('c')], ['not-dead', 'unknown']);
    await outbox.round();
    assert.equal(ids(), 'a a');
    assert.deepEqual([(await outbox.drop('b'))?.id, await outbox.drop('b')], ['b', undefined]);
  });

  it('keeps messages to a target that the configuration lacks, until it has it again', async () => {
    const { outbox, open, message, clock, ids } = await given();
    const without = open({});
    await without.add([message()]);
    await without.round();
    assert.equal((await without.list({}, 1))[0]?.lastError, 'no-such-target');
    clock.advance(seconds(5));
    await outbox.round();
    assert.equal(ids(), 'm1');
  });

  it('shows how long the oldest message has waited', async () => {
    const { outbox, message, clock, metrics } = await given(() => again());
    await outbox.add([message()]);
    clock.advance(seconds(2));
    await outbox.round();
    assert.match(await metrics.text(), /pushgate_outbox_oldest_seconds\{target="hook:billing"\} 2/);
  });
});
