import assert from 'node:assert/strict';
import { openSemaphore } from '../../../src/foundation/crypto/thread-limits.ts';

/** Numbered work that the test ends. */
function givenWork() {
  const begun: number[] = [];
  const ends = new Map<number, PromiseWithResolvers<number>>();
  return {
    begun,
    work: (number: number) => async (): Promise<number> => {
      begun.push(number);
      const end = Promise.withResolvers<number>();
      ends.set(number, end);
      return end.promise;
    },
    end: (number: number) => ends.get(number)?.resolve(number),
    fail: (number: number) => ends.get(number)?.reject(new Error(`work ${number}`)),
  };
}

describe('A semaphore for the thread pool', () => {
  it('runs waiting work in its order, as soon as other work ends or fails', async () => {
    const limited = openSemaphore(2);
    const { begun, work, end, fail } = givenWork();
    const [first, second, third, fourth] = [1, 2, 3, 4].map((number) => limited(work(number)));
    assert.deepEqual(begun, [1, 2]);
    end(2);
    assert.equal(await second, 2);
    assert.deepEqual(begun, [1, 2, 3]);
    const failed = assert.rejects(first ?? Promise.resolve(), /work 1/);
    fail(1);
    await failed;
    assert.deepEqual(begun, [1, 2, 3, 4]);
    end(3);
    end(4);
    assert.deepEqual([await third, await fourth], [3, 4]);
  });

  it('is separate for hashes and signatures: no signature waits for a hash', () => {
    const [hashes, signatures] = [openSemaphore(1), openSemaphore(1)];
    const { begun, work } = givenWork();
    void hashes(work(1));
    void hashes(work(2));
    void signatures(work(3));
    assert.deepEqual(begun, [1, 3]);
  });
});
