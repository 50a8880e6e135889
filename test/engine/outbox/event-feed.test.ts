import assert from 'node:assert/strict';
import { openEventFeed } from '../../../src/engine/outbox/index.ts';
import type { PublishedEvent } from '../../../src/foundation/model/index.ts';
import { fakeClock, seconds } from '../../kit/clock.ts';

describe('A feed of published events', () => {
  /** A feed after number 1 of a store that has the events with these numbers. */
  const given = (...numbers: number[]) => {
    const stored = new Set(numbers);
    const clock = fakeClock();
    const eventOf = (number: number): PublishedEvent => ({
      id: `e${number}`,
      authServer: 'shop',
      number,
      at: clock(),
      transaction: 't',
      kind: 'challenge.accepted',
      data: {},
      endsAt: 2 ** 42,
    });
    const eventsAfter = async (_authServer: string, after: number, limit: number) =>
      [...stored]
        .sort((one, other) => one - other)
        .filter((number) => number > after)
        .slice(0, limit)
        .map(eventOf);
    const feed = openEventFeed({ store: { eventsAfter }, clock }, 'shop', 1);
    const read = async (limit = 10): Promise<string> => {
      const { events, isHeld } = await feed.read(limit);
      return [...events.map(({ number }) => number), ...(isHeld ? ['held'] : [])].join(' ');
    };
    return { stored, clock, read };
  };

  it('goes on where it was', async () => {
    const { read, stored } = given(1, 2, 3, 4);
    assert.deepEqual([await read(2), await read(2), await read()], ['2 3', '4', '']);
    stored.add(5);
    assert.equal(await read(), '5');
  });

  it('waits for an event that another gateway is still storing', async () => {
    const { read, stored, clock } = given(2, 4);
    assert.equal(await read(), '2 held');
    clock.advance(seconds(9));
    assert.equal(await read(), 'held');
    stored.add(3);
    assert.deepEqual([await read(), await read()], ['3 4', '']);
  });

  it('passes over a number that stays unused, ten seconds after it was missed', async () => {
    const { read, clock } = given(2, 5, 7);
    assert.equal(await read(), '2 held');
    clock.advance(seconds(10));
    // and waits as long for the next one
    assert.equal(await read(), '5 held');
    clock.advance(seconds(10));
    assert.equal(await read(), '7');
  });
});
