import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { openHttp } from '../../../src/foundation/wire/index.ts';
import { isPublic } from '../../../src/foundation/wire/networks.ts';
import { publicLookup, TargetRefused } from '../../../src/foundation/wire/public-targets.ts';
import { cleanup } from '../../kit/temporary.ts';

const at = (address: string): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 });

describe('HTTP out to public targets only', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const inside = {
    private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1'],
    loopback: ['127.0.0.1', '127.9.9.9', '::1'],
    'link-local, where clouds keep their metadata': ['169.254.169.254', 'fe80::1', 'fe80::1%lo'],
    'shared by a provider (CGNAT)': ['100.64.0.1', '100.127.255.255'],
    'local (IPv6)': ['fc00::1', 'fd12::1', 'fec0::1'],
    multicast: ['224.0.0.1', '239.1.1.1', 'ff02::1'],
    unroutable: ['0.0.0.0', '0.1.2.3', '::', '::2', '4000::1', '255.255.255.255', '240.0.0.1'],
    'reserved for documentation and benchmarks': ['192.0.2.1', '198.18.0.1', '2001:db8::1'],
    'IPv4 within IPv6': [
      '::ffff:10.0.0.1',
      '::ffff:7f00:1',
      '::10.0.0.1',
      '::7f00:1',
      '::a00:1',
      '64:ff9b::10.0.0.1',
      '2002:a00:1::',
      '2001::1',
    ],
    'not addresses': ['', 'localhost', '10.0.0'],
  };
  for (const [what, addresses] of Object.entries(inside)) {
    it(`refuses addresses that are ${what}`, () => {
      assert.deepEqual(addresses.filter(isPublic), []);
    });
  }

  it('accepts public addresses', () => {
    const outside = ['1.1.1.1', '172.15.255.255', '172.32.0.1', '100.63.255.255', '2606:4700::1111', '::ffff:8.8.8.8'];
    assert.deepEqual(outside.filter(isPublic), outside);
  });

  /** A listener that counts its connections; there should be none. */
  const givenListener = async () => {
    const server = createServer((socket) => {
      given.connections += 1;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    undo.later(() => server.close());
    const given = { port: (server.address() as AddressInfo).port, connections: 0 };
    return given;
  };
  const http = () => {
    const opened = openHttp({ publicTargetsOnly: true });
    undo.later(() => opened.close());
    return opened;
  };

  const spellings = [
    'localhost',
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '0',
    '[::1]',
    '[::127.0.0.1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
  ];
  for (const host of spellings) {
    it(`does not connect to ${host}, by http or https`, async () => {
      const given = await givenListener();
      for (const scheme of ['http', 'https']) {
        const url = `${scheme}://${host}:${given.port}/`;
        assert.deepEqual(await http().request({ method: 'POST', url, body: 'x', signal: AbortSignal.timeout(5000) }), {
          ok: false,
          error: 'forbidden',
        });
      }
      assert.equal(given.connections, 0);
    });
  }

  it('reports an unknown name as other connections do', async () => {
    assert.deepEqual(await http().request({ method: 'GET', url: 'https://nobody.invalid/' }), { ok: false, error: 'connection' });
  });

  const lookup = (found: string[], all = true) =>
    new Promise<string[]>((resolve, reject) =>
      publicLookup((_, options, done) => {
        assert.equal(options.all, true);
        done(null, found.map(at));
      })('push.example', { all }, (error, address) =>
        error ? reject(error) : resolve(typeof address === 'string' ? [address] : address.map((each) => each.address)),
      ),
    );

  it('gives a socket the public addresses of a name, and no other', async () => {
    const found = ['10.0.0.1', '1.1.1.1', '::1', '2606:4700::1111'];
    assert.deepEqual(await lookup(found), ['1.1.1.1', '2606:4700::1111']);
    assert.deepEqual(await lookup(found, false), ['1.1.1.1']);
    await assert.rejects(lookup(['10.0.0.1', 'fd00::1']), TargetRefused);
    await assert.rejects(lookup([]), TargetRefused);
  });

  it('judges a name anew each time it is looked up', async () => {
    // given a name that resolves to a public address first, and to this machine afterwards
    const answers = ['1.1.1.1', '127.0.0.1'];
    const rebinding = () => lookup([answers.shift() ?? '']);
    assert.deepEqual(await rebinding(), ['1.1.1.1']);
    await assert.rejects(rebinding(), TargetRefused);
  });

  it('is refused together with a proxy, behind which no address can be checked', () => {
    assert.throws(() => openHttp({ publicTargetsOnly: true, ...{ proxy: 'http://127.0.0.1:1' } }), /proxy/);
  });

  it('does not restrict callers without this rule', async () => {
    const given = await givenListener();
    const free = openHttp({});
    undo.later(() => free.close());
    assert.deepEqual(await free.request({ method: 'GET', url: `http://localhost:${given.port}/` }), { ok: false, error: 'connection' });
    assert.equal(given.connections, 1);
  });
});
