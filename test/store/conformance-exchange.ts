import assert from 'node:assert/strict';
import type { KeptRequest } from '../../src/foundation/model/index.ts';
import type { Store } from '../../src/store/store.ts';

/** The tests of the records for the exchange with auth servers, which every store must pass. */
export function exchangeCases(store: () => Store): void {
  requestCases(store);
}

function requestCases(store: () => Store): void {
  const request = (over: Partial<KeptRequest> = {}): KeptRequest => ({ id: 'r', digest: 'k.d', begunAt: 100, endsAt: 1000, ...over });

  it('gives a request to the first of several callers, and its record to the others', async () => {
    const claims = await Promise.all([100, 101, 102, 103].map((begunAt) => store().claimRequest(request({ begunAt }), 0)));
    const others = claims.filter((claim) => claim !== 'claimed');
    assert.equal(others.length, 3);
    assert.deepEqual(
      others,
      [0, 1, 2].map(() => request({ begunAt: 100 + claims.indexOf('claimed') })),
    );
    // and, once it is done, its resource
    await store().keepRequest('r', 'first');
    await store().keepRequest('r', 'second');
    assert.deepEqual((await store().claimRequest(request({ digest: 'k.other' }), 5000)) as KeptRequest, {
      ...(others[0] as KeptRequest),
      resource: 'first',
    });
  });

  it('lets one caller take over a request that was left without a resource, and any caller repeat an ended one', async () => {
    await store().claimRequest(request(), 0);
    assert.deepEqual(await store().claimRequest(request({ begunAt: 200 }), 100), request());
    const takes = await Promise.all([201, 202].map((begunAt) => store().claimRequest(request({ begunAt }), 101)));
    assert.equal(takes.filter((take) => take === 'claimed').length, 1);
    await store().keepRequest('r', 'first');
    assert.notEqual(await store().claimRequest(request({ begunAt: 999 }), 999), 'claimed');
    assert.equal(await store().claimRequest(request({ begunAt: 1000, endsAt: 2000 }), 0), 'claimed');
    assert.deepEqual(await store().claimRequest(request({ begunAt: 1001 }), 0), request({ begunAt: 1000, endsAt: 2000 }));
  });

  it('forgets a request without a resource, for the caller that holds it', async () => {
    await store().claimRequest(request(), 0);
    await store().forgetRequest('r', 99);
    assert.notEqual(await store().claimRequest(request(), 0), 'claimed', 'another one has it');
    await store().forgetRequest('r', 100);
    assert.equal(await store().claimRequest(request(), 0), 'claimed');
    await store().keepRequest('r', 'first');
    await store().forgetRequest('r', 100);
    assert.deepEqual(await store().claimRequest(request(), 0), request({ resource: 'first' }), 'it is done');
  });

  it('sweeps ended requests', async () => {
    await store().claimRequest(request(), 0);
    await store().sweep(1000, 10);
    assert.notEqual(await store().claimRequest(request(), 0), 'claimed');
    await store().sweep(1001, 10);
    assert.equal(await store().claimRequest(request(), 0), 'claimed');
  });
}
