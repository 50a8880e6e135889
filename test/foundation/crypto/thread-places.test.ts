import assert from 'node:assert/strict';
import { openPlaces } from '../../../src/foundation/crypto/thread-places.ts';

/** Work that a test ends, by its number. */
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

describe('Places in the pool of threads', () => {
  it('are taken in turn, and given on when work ends, well or not', async () => {
    const places = openPlaces(2);
    const { begun, work, end, fail } = givenWork();
    const [first, second, third, fourth] = [1, 2, 3, 4].map((number) => places(work(number)));
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

  it('of one kind are not those of another: a signature waits for no hash', () => {
    const [hashes, signatures] = [openPlaces(1), openPlaces(1)];
    const { begun, work } = givenWork();
    void hashes(work(1));
    void hashes(work(2));
    void signatures(work(3));
    assert.deepEqual(begun, [1, 3]);
  });
});
