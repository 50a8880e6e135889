import assert from 'node:assert/strict';
import { type OutboxTarget, openOutbox } from '../../../src/engine/outbox/index.ts';
import { newKeyring, openKeyring } from '../../../src/foundation/keyring/index.ts';
import { openLog, openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { fakeClock } from '../../kit/clock.ts';
import { givenMongo } from '../../kit/mongod.ts';
import { cleanup } from '../../kit/temporary.ts';
import { givenStore } from './mongo-kit.ts';

describe('The outbox of several gateways on MongoDB', function () {
  this.timeout(60_000);
  const mongo = givenMongo();
  const undo = cleanup();
  afterEach(() => undo.run());

  it('sends each message once, and those of one transaction in order', async () => {
    const { store, open } = await givenStore(mongo, undo);
    const sent: string[] = [];
    const underWay = new Set<string>();
    const target: OutboxTarget = {
      async send({ id }) {
        const [order = ''] = id.split(' ');
        assert.ok(!underWay.has(order), `two messages of ${order} at once`);
        underWay.add(order);
        await new Promise(setImmediate);
        underWay.delete(order);
        sent.push(id);
        return { kind: 'done' };
      },
    };
    const shared = { clock: fakeClock(), log: openLog('silent'), tell: () => undefined, keyring: openKeyring(newKeyring(0)) };
    const outboxes = [store, await open(), await open()].map((each) =>
      openOutbox({ ...shared, store: each, metrics: openMetrics('1') }, { hook: target }),
    );
    const messages = Array.from({ length: 40 }, (_, order) =>
      [1, 2, 3].map((position) => ({
        id: `t${order} ${position}`,
        target: 'hook',
        order: `t${order}`,
        position,
        authServer: 'shop',
        payload: '{}',
      })),
    ).flat();
    // given three gateways, of which each adds some
    await Promise.all(outboxes.map((outbox, index) => outbox.add(messages.filter((_, at) => at % outboxes.length === index))));
    // when all send
    await Promise.all(outboxes.map((outbox) => outbox.round()));
    // what one gateway held back for another is due now
    for (const outbox of outboxes) await outbox.round();
    for (const outbox of outboxes) undo.later(() => outbox.stop());
    assert.deepEqual(sent.toSorted(), messages.map(({ id }) => id).sort());
    for (let order = 0; order < 40; order += 1)
      assert.deepEqual(
        sent.filter((id) => id.startsWith(`t${order} `)),
        [1, 2, 3].map((position) => `t${order} ${position}`),
      );
  });
});
