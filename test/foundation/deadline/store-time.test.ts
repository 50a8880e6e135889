import assert from 'node:assert/strict';
import { beginStoreCall, liftStoreTime, spendStoreTime, withStoreTime } from '../../../src/foundation/deadline/index.ts';

describe('The time that a request has for its store', () => {
  const call = () => {
    const { limitMs, end } = beginStoreCall(4000);
    end();
    return limitMs;
  };

  it('bounds each call, but no work that nobody waits for', async () => {
    assert.equal(call(), 4000);
    let later = () => 0;
    await withStoreTime(1000, async () => {
      later = () => call();
      assert.ok(call() <= 1000);
      const shortest = beginStoreCall(200);
      assert.equal(shortest.limitMs, 200);
      shortest.end();
    });
    assert.equal(later(), 4000);
  });

  it('no longer applies after its end to work that the request left behind', async () => {
    let look = (): void => undefined;
    const begun = new Promise<void>((resolve) => {
      look = resolve;
    });
    let background: Promise<number> | undefined;
    await withStoreTime(1, async () => {
      background = begun.then(call);
    });
    look();
    assert.equal(await background, 4000);
  });

  it('is spent by waiting too, except for the last part', async () => {
    await withStoreTime(1000, async () => {
      spendStoreTime(700, 500);
      assert.ok(call() <= 500 && call() > 400);
    });
  });

  it('does not bind background work', async () => {
    await withStoreTime(1000, async () => {
      liftStoreTime();
      assert.equal(call(), 4000);
    });
  });
});
