import assert from 'node:assert/strict';
import { givenPush, providerConformance } from '../../test/delivery/provider-conformance.ts';
import pollOnly from './provider.ts';

providerConformance('poll-only', () => pollOnly.open({}));

describe('The provider poll-only', () => {
  it('takes every push and leaves it to the phone to ask', async () => {
    const provider = await pollOnly.open({});
    assert.deepEqual(await provider.deliver(givenPush(), AbortSignal.timeout(1000)), { kind: 'sent', reason: 'poll' });
  });

  it('has nothing to configure', () => {
    assert.equal(pollOnly.config.safeParse({}).success, true);
    assert.equal(pollOnly.config.safeParse({ url: 'x' }).success, false);
  });
});
