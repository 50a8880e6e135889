import assert from 'node:assert/strict';
import type { Http2, HttpReply, WireError } from '../../src/delivery/provider-kit/index.ts';
import { openEndpoint } from './endpoint.ts';

type End = { ok: true; value: HttpReply } | { ok: false; error: WireError };
const answer = (status: number, reason = ''): End => ({
  ok: true,
  value: { status, reason: '', headers: {}, body: reason === '' ? '' : JSON.stringify({ reason }) },
});
const silence = (error: WireError): End => ({ ok: false, error });
const message = { path: '/3/device/00', headers: { 'apns-id': '1' }, body: '{}' };

/**
 * An endpoint over connections that give the replies of the test in order; connections made and closed are
 * counted.
 */
const given = (...ends: End[]) => {
  const counts = { made: 0, closed: 0 };
  const sentOver: number[] = [];
  const connect = (): Http2 => {
    counts.made += 1;
    const number = counts.made;
    return {
      async request() {
        sentOver.push(number);
        return ends.shift() ?? answer(200);
      },
      async close() {
        counts.closed += 1;
      },
    };
  };
  const endpoint = openEndpoint({ host: 'apns.example', connect, tokens: undefined, clock: Date.now });
  const send = (signal = AbortSignal.timeout(5000)) => endpoint.send(message, signal);
  return { endpoint, send, counts, sentOver };
};

describe('The connection to an environment of APNs', () => {
  it('is kept after successful and refused pushes', async () => {
    const { send, sentOver } = given(answer(200), answer(410, 'Unregistered'), answer(429, 'TooManyRequests'));
    for (let count = 0; count < 4; count += 1) await send();
    assert.deepEqual(sentOver, [1, 1, 1, 1]);
  });

  for (const worn of [answer(500, 'InternalServerError'), answer(503, 'Shutdown'), answer(403, 'InvalidProviderToken')]) {
    it(`is replaced after ${JSON.stringify(worn.ok && worn.value.body)}, and nothing is sent again`, async () => {
      const { send, sentOver, counts } = given(worn);
      await send();
      await send();
      assert.deepEqual([sentOver, counts], [[1, 2], { made: 2, closed: 1 }]);
    });
  }

  it('is replaced once, however many streams end with it', async () => {
    const { send, counts } = given(...Array.from({ length: 50 }, () => answer(503, 'ServiceUnavailable')));
    await Promise.all(Array.from({ length: 50 }, () => send()));
    assert.deepEqual(counts, { made: 2, closed: 1 });
  });

  it('is replaced when it falls silent, but not while it is still being set up', async () => {
    const { send, sentOver } = given(silence('timeout'), answer(200), silence('timeout'), answer(200));
    for (let count = 0; count < 4; count += 1) await send();
    assert.deepEqual(sentOver, [1, 1, 1, 2]);
  });

  it('sends nothing a second time for an aborted login', async () => {
    const { send, sentOver } = given(silence('connection'), answer(200));
    assert.deepEqual(await send(AbortSignal.abort()), silence('connection'));
    assert.deepEqual(sentOver, [1]);
  });

  it('is not replaced once the endpoint is closed', async () => {
    const { endpoint, send, counts } = given(silence('connection'), silence('connection'));
    await endpoint.close();
    assert.deepEqual(await send(), silence('connection'));
    await endpoint.close();
    assert.deepEqual(counts, { made: 1, closed: 1 });
  });
});
