import assert from 'node:assert/strict';
import fc from 'fast-check';
import { openServerOrder } from '../../../src/foundation/wire/index.ts';
import { fakeClock, seconds } from '../../kit/clock.ts';

describe('The order of servers', () => {
  it('is that of the configuration, but for those that failed lately', () => {
    const clock = fakeClock();
    const order = openServerOrder(['a', 'b', 'c'], clock, seconds(30));
    assert.deepEqual(order.list(), ['a', 'b', 'c']);
    order.failed('a');
    assert.deepEqual(order.list(), ['b', 'c', 'a']);
    clock.advance(seconds(10));
    order.failed('b');
    order.failed('c');
    assert.deepEqual(order.list(), ['a', 'b', 'c'], 'with all of them down, the one that failed first');
    order.worked('c');
    assert.deepEqual(order.list(), ['c', 'a', 'b']);
    clock.advance(seconds(20));
    assert.deepEqual(order.list(), ['a', 'c', 'b']);
  });

  it('never leaves a server out', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ server: fc.nat(4), ms: fc.nat(40_000), fails: fc.boolean() })), (events) => {
        const clock = fakeClock();
        const order = openServerOrder([0, 1, 2, 3, 4], clock, seconds(30));
        for (const { server, ms, fails } of events) {
          clock.advance(ms);
          if (fails) order.failed(server);
          else order.worked(server);
        }
        assert.deepEqual(order.list().toSorted(), [0, 1, 2, 3, 4]);
      }),
    );
  });
});
