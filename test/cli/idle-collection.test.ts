import assert from 'node:assert/strict';
import { idleCollection, thisProcess } from '../../src/cli/idle-collection.ts';

const mebi = 1024 ** 2;

describe('The memory that a burst of logins leaves behind', () => {
  const given = () => {
    const now = { heap: 60 * mebi, busy: 0, collections: 0 };
    const collect = (): void => {
      now.collections += 1;
      now.heap = 70 * mebi;
    };
    const look = idleCollection({ heapBytes: () => now.heap, busyShare: () => now.busy, collect }, { debug: () => undefined });
    return { now, look };
  };

  it('is given back once little is going on, and once only', () => {
    const { now, look } = given();
    // given a burst
    Object.assign(now, { heap: 400 * mebi, busy: 0.9 });
    look();
    assert.equal(now.collections, 0);
    // when it is over
    now.busy = 0.01;
    look();
    assert.equal(now.collections, 1);
    // then what is still in use is no reason to try again
    look();
    assert.equal(now.collections, 1);
  });

  it('is left alone while it is little', () => {
    const { now, look } = given();
    now.heap = 80 * mebi;
    look();
    assert.equal(now.collections, 0);
  });

  it('is measured against the least that was ever in use since', () => {
    const { now, look } = given();
    Object.assign(now, { heap: 400 * mebi });
    look();
    now.heap = 50 * mebi;
    look();
    now.heap = 90 * mebi;
    look();
    assert.equal(now.collections, 2);
  });

  it('is really collected, and the process says how busy it was', () => {
    const { collect, heapBytes, busyShare } = thisProcess();
    let garbage: object[] | undefined = Array.from({ length: 300_000 }, (_, at) => ({ at: [at] }));
    const before = heapBytes();
    assert.equal(garbage.length, 300_000);
    garbage = undefined;
    collect();
    assert.ok(heapBytes() < before, 'nothing was collected');
    const share = busyShare();
    assert.ok(share >= 0 && share <= 1, `${share}`);
  });
});
