import assert from 'node:assert/strict';
import { givenHost, givenPush } from '../../test/delivery/provider-conformance.ts';
import pollOnly from './provider.ts';

describe('The provider poll-only', () => {
  it('accepts every push and leaves it to the phone to poll', async () => {
    const provider = await pollOnly.open({}, givenHost(pollOnly));
    assert.deepEqual(await provider.deliver(givenPush(), AbortSignal.timeout(1000)), { kind: 'sent', reason: 'poll' });
    assert.equal((await provider.check(AbortSignal.timeout(1000))).ok, true);
    await provider.close();
    await provider.close();
  });

  it('has no configuration', () => {
    assert.equal(pollOnly.config.safeParse({}).success, true);
    assert.equal(pollOnly.config.safeParse({ url: 'x' }).success, false);
  });
});
