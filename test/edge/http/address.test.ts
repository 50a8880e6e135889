import assert from 'node:assert/strict';
import type { Context } from 'koa';
import { addressReaders, routeReader, secureReader } from '../../../src/edge/http/index.ts';

/** As much of a request as the address is read from. */
const request = (remoteAddress: string, forwarded = '', header = 'x-forwarded-for'): Context =>
  ({ req: { socket: { remoteAddress } }, get: (name: string) => (name.toLowerCase() === header ? forwarded : '') }) as unknown as Context;

type Header = 'X-Forwarded-For' | 'Forwarded';
const behind = (trustedProxies: string[], forwardedHeader: Header = 'X-Forwarded-For') => ({ trustedProxies, forwardedHeader });
/** The address of a request, the address that may identify its sender, and the text that could not be read. */
const readOf = (ctx: Context, forwardedHeader?: Header) => {
  const unreadable: string[] = [];
  const read = addressReaders(routeReader(behind(['10.0.0.0/8'], forwardedHeader), (_ctx, _proxy, text) => void unreadable.push(text)));
  return { address: read.clientAddress(ctx), network: read.networkAddress(ctx), unreadable: [...new Set(unreadable)] };
};

describe('The address of a client', () => {
  const read = addressReaders(routeReader(behind(['10.0.0.0/8', '::1/128']))).clientAddress;

  it("is the socket's, with IPv4 in IPv6 taken for IPv4", () => {
    assert.equal(read(request('192.0.2.1')), '192.0.2.1');
    assert.equal(read(request('::ffff:192.0.2.1')), '192.0.2.1');
    assert.equal(read(request('2001:db8::1')), '2001:db8::1');
  });

  it('may come from a trusted proxy, and not from a stranger', () => {
    assert.equal(read(request('10.0.0.1', '192.0.2.9')), '192.0.2.9');
    assert.equal(read(request('::1', 'spoofed, 198.51.100.7, 10.0.0.2')), '198.51.100.7');
    assert.equal(read(request('192.0.2.1', '198.51.100.7')), '192.0.2.1');
  });

  /** Forms in which proxies name an address; each row is one case. */
  const forms: [form: string, address: string][] = [
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:51234', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['[::ffff:203.0.113.7]:51234', '203.0.113.7'],
    ['[203.0.113.7]', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:DB8:0::1]:51234', '2001:db8::1'],
    ['"203.0.113.7"', '203.0.113.7'],
    ['"[2001:db8::1]:51234"', '2001:db8::1'],
    ['for=203.0.113.7', '203.0.113.7'],
    ['For="203.0.113.7:51234"', '203.0.113.7'],
    ['for="[2001:db8::1]:51234"', '2001:db8::1'],
    ['for=203.0.113.7;proto=https;by=203.0.113.43', '203.0.113.7'],
    ['proto=https; for = "203.0.113.7"', '203.0.113.7'],
    ['198.51.100.9, for=203.0.113.7:1, 10.0.0.3:443', '203.0.113.7'],
    // a port has no colon of its own: this is an address
    ['2001:db8::1:5123', '2001:db8::1:5123'],
  ];
  for (const [form, address] of forms)
    it(`is understood as ${form}`, () => {
      assert.deepEqual(readOf(request('10.0.0.1', form)), { address, network: address, unreadable: [] });
    });

  /** Texts without an address: the request counts as the proxy's, and that is recorded. */
  const nonsense = [
    'unknown',
    '_hidden',
    'for=unknown',
    'for=_SEVKISEK',
    'by=203.0.113.7',
    '203.0.113.7:',
    '203.0.113.7:http',
    '203.0.113.7:123456',
    '[2001:db8::1',
    '[]:80',
    '2130706433',
    '0x7f.1',
    '010.0.0.1',
    '203.0.113',
    'client.example',
  ];
  for (const text of nonsense)
    it(`is no address as ${text}`, () => {
      assert.deepEqual(readOf(request('10.0.0.1', text)), { address: '10.0.0.1', network: undefined, unreadable: [text] });
    });

  /** Forwarded of RFC 7239, at a listener that reads it. */
  const standard: [form: string, address: string][] = [
    ['for=203.0.113.7', '203.0.113.7'],
    ['For="[2001:db8::1]:51234";proto=https', '2001:db8::1'],
    ['for=198.51.100.9, for=203.0.113.7;by=10.0.0.2, for=10.0.0.3', '203.0.113.7'],
    ['host="x, for=6.6.6.6";for=203.0.113.7', '203.0.113.7'],
    ['host="x;for=6.6.6.6";for=203.0.113.7', '203.0.113.7'],
    ['host="\\", for=6.6.6.6";for=203.0.113.7', '203.0.113.7'],
    ['for=203.0.113.7, , ', '203.0.113.7'],
  ];
  for (const [form, address] of standard)
    it(`is understood as Forwarded: ${form}`, () => {
      const ctx = request('10.0.0.1', form, 'forwarded');
      assert.deepEqual(readOf(ctx, 'Forwarded'), { address, network: address, unreadable: [] });
    });

  for (const text of ['for=unknown', 'for="_gazonk"', 'proto=https', 'for="203.0.113.7', 'for=2001:db8::g'])
    it(`is no address as Forwarded: ${text}`, () => {
      const read = readOf(request('10.0.0.1', text, 'forwarded'), 'Forwarded');
      assert.deepEqual(read, { address: '10.0.0.1', network: undefined, unreadable: [text] });
    });

  const strays: [sent: Header, read: Header][] = [
    ['Forwarded', 'X-Forwarded-For'],
    ['X-Forwarded-For', 'Forwarded'],
  ];
  for (const [sent, read] of strays)
    it(`is not accepted as ${sent} where the listener reads ${read}, and that is recorded`, () => {
      const told = readOf(request('10.0.0.1', 'for=203.0.113.7', sent.toLowerCase()), read);
      assert.deepEqual(told, { address: '10.0.0.1', network: undefined, unreadable: [`${sent}: for=203.0.113.7`] });
      const stranger = readOf(request('192.0.2.1', 'for=203.0.113.7', sent.toLowerCase()), read);
      assert.deepEqual(stranger, { address: '192.0.2.1', network: '192.0.2.1', unreadable: [] });
    });

  it('is read past empty entries of a proxy', () => {
    assert.deepEqual(readOf(request('10.0.0.1', '203.0.113.7, ,')), { address: '203.0.113.7', network: '203.0.113.7', unreadable: [] });
  });

  it('is read fast, however many blanks a stranger sends', () => {
    const longestHeader = 16_384;
    const begun = process.threadCpuUsage().user;
    for (let times = 0; times < 20; times += 1) read(request('192.0.2.1', `for=y${' '.repeat(longestHeader)}x`));
    // It once took 0.4 seconds each time.
    assert.ok(process.threadCpuUsage().user - begun < 1_000_000);
  });

  it("is the proxy's where the proxy names none", () => {
    assert.equal(read(request('10.0.0.1')), '10.0.0.1');
    assert.equal(read(request('10.0.0.1', 'nonsense')), '10.0.0.1');
  });
});

describe('The browser of a session', () => {
  const cases: { title: string; from: string; proto?: string; header?: Header; tls?: boolean; secure: boolean }[] = [
    { title: 'no TLS at all', from: '10.0.0.1', secure: false },
    { title: 'TLS to us', from: '192.0.2.1', tls: true, secure: true },
    { title: 'TLS to a trusted proxy', from: '10.0.0.1', proto: 'https', secure: true },
    { title: 'TLS to the first of several proxies', from: '::ffff:10.0.0.1', proto: 'HTTPS, http', secure: true },
    { title: 'no TLS, as a trusted proxy says', from: '10.0.0.1', proto: 'http', secure: false },
    { title: 'a stranger who says so', from: '192.0.2.1', proto: 'https', secure: false },
    {
      title: 'TLS to a proxy that says so by RFC 7239',
      from: '10.0.0.1',
      proto: 'for=_x;proto="https"',
      header: 'Forwarded',
      secure: true,
    },
    { title: 'no TLS, whatever the host', from: '10.0.0.1', proto: 'host="a;proto=https";proto=http', header: 'Forwarded', secure: false },
  ];
  for (const { title, from, proto = '', header, tls = false, secure } of cases)
    it(`${title}: ${secure ? 'Secure' : 'not Secure'}`, () => {
      const ctx = { req: { socket: { remoteAddress: from } }, secure: tls, get: () => proto } as unknown as Context;
      assert.equal(secureReader(behind(['10.0.0.0/8'], header))(ctx), secure);
    });
});
