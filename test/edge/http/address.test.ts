import assert from 'node:assert/strict';
import type { Context } from 'koa';
import { addressReader } from '../../../src/edge/http/index.ts';

/** As much of a request as the address is read from. */
const request = (remoteAddress: string, forwarded = ''): Context =>
  ({ req: { socket: { remoteAddress } }, get: () => forwarded }) as unknown as Context;

describe('The address of a client', () => {
  const read = addressReader(['10.0.0.0/8', '::1/128']);

  it("is the socket's, with IPv4 in IPv6 taken for IPv4", () => {
    assert.equal(read(request('192.0.2.1')), '192.0.2.1');
    assert.equal(read(request('::ffff:192.0.2.1')), '192.0.2.1');
    assert.equal(read(request('2001:db8::1')), '2001:db8::1');
  });

  it('is what a trusted proxy says, and not what a stranger says', () => {
    assert.equal(read(request('10.0.0.1', '192.0.2.9')), '192.0.2.9');
    assert.equal(read(request('::1', 'spoofed, 198.51.100.7, 10.0.0.2')), '198.51.100.7');
    assert.equal(read(request('192.0.2.1', '198.51.100.7')), '192.0.2.1');
  });

  it("is the proxy's where it says nothing sensible", () => {
    assert.equal(read(request('10.0.0.1')), '10.0.0.1');
    assert.equal(read(request('10.0.0.1', 'nonsense')), '10.0.0.1');
  });
});
