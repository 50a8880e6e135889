import assert from 'node:assert/strict';
import { openSourceLimits } from '../../../src/engine/limits/index.ts';
import { type GatewayEvent, TurnedAway } from '../../../src/foundation/model/index.ts';
import { openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { fakeClock, seconds } from '../../kit/clock.ts';

/** Limits over counters that say how often they were written to. */
function given({ failures = 3, windowMs = 60_000 } = {}) {
  const clock = fakeClock(0);
  const counters = new Map<string, { count: number; endsAt: number }>();
  const written: string[] = [];
  const told: GatewayEvent[] = [];
  const countUp = async (key: string, now: number, endsAt: number) => {
    written.push(key);
    await new Promise(setImmediate);
    const known = counters.get(key);
    const counter = known && known.endsAt > now ? { ...known, count: known.count + 1 } : { count: 1, endsAt };
    counters.set(key, counter);
    return counter;
  };
  const settings = { failures, windowMs };
  const open = () =>
    openSourceLimits({ store: { countUp }, clock, metrics: openMetrics('0'), tell: (event) => void told.push(event), settings });
  return { ...open(), open, clock, written, told };
}

describe('Wrong proofs of one source', () => {
  it('are counted up to the limit, told once, and written no more until the window is over', async () => {
    const { failed, written, told, clock } = given();
    const replies: string[] = [];
    for (let times = 0; times < 5; times += 1) replies.push(await failed('answer', '192.0.2.1 PIPU1'));
    assert.deepEqual(replies, ['refused', 'refused', 'refused', 'turned-away', 'turned-away']);
    assert.deepEqual([written.length, told.length], [3, 1]);
    clock.advance(seconds(61));
    assert.equal(await failed('answer', '192.0.2.1 PIPU1'), 'refused');
  });

  it('in a burst are written no more often than the limit has it', async () => {
    const { failed, written } = given();
    const replies = await Promise.all(Array.from({ length: 1000 }, () => failed('answer', '192.0.2.1 PIPU1')));
    assert.equal(written.length, 3);
    assert.equal(replies.filter((reply) => reply === 'refused').length, 3);
  });

  it('are written once at a gateway that did not see the others', async () => {
    const { failed, open, written } = given();
    for (let times = 0; times < 3; times += 1) await failed('answer', '192.0.2.1 PIPU1');
    const second = open();
    for (let times = 0; times < 5; times += 1) assert.equal(await second.failed('answer', '192.0.2.1 PIPU1'), 'turned-away');
    assert.equal(written.length, 4);
  });

  it('are told when to come again, where anybody may be told that', async () => {
    const { failedOrThrow } = given({ failures: 1 });
    await failedOrThrow('answer', '192.0.2.1 PIPU1');
    await assert.rejects(
      failedOrThrow('answer', '192.0.2.1 PIPU1'),
      (error) => error instanceof TurnedAway && error.retryAfterSeconds === 60,
    );
  });

  for (const { title, from, isOne } of [
    { title: 'two addresses of one /64', from: ['2001:db8::1', '2001:db8::ffff:2'], isOne: true },
    { title: 'two /64', from: ['2001:db8::1', '2001:db8:0:1::1'], isOne: false },
    { title: 'two addresses of IPv4', from: ['192.0.2.1', '192.0.2.2'], isOne: false },
    { title: 'one address in two spellings', from: ['192.0.2.1', '::ffff:192.0.2.1'], isOne: true },
  ])
    it(`count ${isOne ? 'together' : 'apart'} for ${title}`, async () => {
      const { failed } = given({ failures: 1 });
      const [first = '', second = ''] = from;
      await failed('answer', `${first} PIPU1`);
      assert.equal(await failed('answer', `${second} PIPU1`), isOne ? 'turned-away' : 'refused');
    });
});
