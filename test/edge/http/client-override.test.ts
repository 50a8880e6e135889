import assert from 'node:assert/strict';
import type { Context } from 'koa';
import { clientOverride, clientReader, noteParams, routeReader } from '../../../src/edge/http/index.ts';

/** As much of a request as the address is read from. */
const request = (remoteAddress: string, forwarded = '', client?: string): Context => {
  const ctx = {
    state: {},
    req: { socket: { remoteAddress } },
    get: (name: string) => (name === 'x-forwarded-for' ? forwarded : ''),
  } as unknown as Context;
  noteParams(ctx, new Map(client === undefined ? [] : [['client', client]]));
  return ctx;
};

const behind = (trustedProxies: string[]) => ({ trustedProxies, forwardedHeader: 'X-Forwarded-For' as const });

describe('The address of the user, as a proxy names it', () => {
  const read = clientReader(routeReader(behind([])), '10.0.0.1 > 192.168.0.0/16, 172.16.0.0/12, 10.9.9.9 > 10.0.0.0/8 > 2001:db8::/32');

  const cases: [string, Context, string][] = [
    ['nobody else may: the parameter of a stranger', request('192.0.2.1', '', '192.168.1.1'), '192.0.2.1'],
    ['nobody else may: the header of a stranger', request('192.0.2.1', '192.168.1.1'), '192.0.2.1'],
    ['a proxy for its network', request('10.0.0.1', '', '192.168.1.1'), '192.168.1.1'],
    ['a proxy by the header', request('::ffff:10.0.0.1', '192.168.7.7'), '192.168.7.7'],
    ['a proxy for another network', request('10.0.0.1', '', '198.51.100.1'), '10.0.0.1'],
    ['a proxy for anybody', request('172.16.3.4', '', '2001:db8::7'), '2001:db8::7'],
    ['a proxy in front of a proxy', request('10.9.9.9', '10.1.1.1', '2001:db8::7'), '2001:db8::7'],
    ['only as far as it is believed', request('10.9.9.9', '10.1.1.1', '192.168.1.1'), '10.1.1.1'],
    ['one step where one is named, the header before the parameter', request('10.0.0.1', '192.168.1.1', '192.168.2.2'), '192.168.1.1'],
    ['not by nonsense', request('172.16.3.4', 'unknown', 'banana'), '172.16.3.4'],
    ['not by nothing', request('172.16.3.4'), '172.16.3.4'],
    ['not from behind nonsense', request('172.16.3.4', 'unknown', '203.0.113.7'), '172.16.3.4'],
  ];
  for (const [what, ctx, expected] of cases) it(`may be named: ${what}`, () => assert.equal(read(ctx), expected));

  it('is accepted from a trusted proxy of the listener', () => {
    const user = clientReader(routeReader(behind(['127.0.0.0/8'])), '10.0.0.1 > 192.168.0.0/16');
    assert.equal(user(request('127.0.0.1', '10.0.0.1', '192.168.1.1')), '192.168.1.1');
    assert.equal(user(request('127.0.0.1', '203.0.113.5', '192.168.1.1')), '203.0.113.5');
  });

  it('is unknown where a trusted proxy of the listener names an invalid address', () => {
    const user = clientReader(routeReader(behind(['10.0.0.1/32'])), '10.0.0.1 > 192.168.0.0/16');
    assert.equal(user(request('10.0.0.1', '', '192.168.1.1')), '192.168.1.1');
    assert.equal(user(request('10.0.0.1', '_hidden', '192.168.1.1')), '10.0.0.1');
  });

  it('is refused as an invalid setting', () => {
    for (const text of ['', '10.0.0.1', '10.0.0.0/8 > 0.0.0.0/0,', '::1 > ::/0'])
      assert.equal(clientOverride.safeParse(text).success, true, text);
    for (const text of ['proxy', '10.0.0.1 >', '10.0.0.1 > any', '10.0.0.0/33'])
      assert.equal(clientOverride.safeParse(text).success, false, text);
  });
});
