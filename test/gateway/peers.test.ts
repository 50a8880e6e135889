import assert from 'node:assert/strict';
import { connectionsByFiles, connectionsByMemory } from '../../src/edge/http/index.ts';
import { peersOf } from '../../src/gateway/peers.ts';
import { givenGateway } from '../kit/gateway.ts';
import { cleanup } from '../kit/temporary.ts';

describe('The connections of a gateway', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('are unlimited by network for proxies of their listener, for auth servers by their networks, and for this machine', () => {
    const authServer = { name: 'vpn', networks: ['10.0.0.0/8'] };
    const isKnown = peersOf({ authServers: [authServer] } as Parameters<typeof peersOf>[0], { trustedProxies: ['192.0.2.7'] });
    const addresses = ['10.1.2.3', '192.0.2.7', '127.0.0.1', '192.0.2.8', '2001:db8::1'];
    assert.deepEqual(addresses.map(isKnown ?? assert.fail), [true, true, true, false, false]);
  });

  it('are as many as the settings say, or as fit into the memory of one of so many processes', async () => {
    const limitOf = async (settings: object): Promise<number> => {
      const { gateway } = await givenGateway(undo, { settings });
      const text = await (await fetch(`${gateway.urls[0]}/metrics`)).text();
      return Number(/^pushgate_connections_limit (\d+)$/m.exec(text)?.[1]);
    };
    assert.equal(await limitOf({ connections: 50 }), 50);
    assert.equal(await limitOf({}), Math.min(connectionsByMemory(1), connectionsByFiles()));
    assert.ok(connectionsByMemory(1) >= 256);
    // and never so many that no file is left for the store
    const limits =
      'Limit                     Soft Limit           Hard Limit           Units     \nMax open files            4096                 4096                 files     \n';
    assert.deepEqual([connectionsByFiles(limits), connectionsByFiles('')], [4096 - 512, Number.POSITIVE_INFINITY]);
    assert.ok(Math.abs(connectionsByMemory(2) - connectionsByMemory(1) / 2) <= 256);
  });
});
