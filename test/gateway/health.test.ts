import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { seconds } from '../kit/clock.ts';
import { givenGateway } from '../kit/gateway.ts';
import { cleanup } from '../kit/temporary.ts';

describe('The health of a gateway', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('tells why a directory cannot be asked, and asks it no more than once in ten seconds', async () => {
    // given a directory whose port speaks no TLS, and a listener for operators alone
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.on('error', () => undefined).end('not what you think\n');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    undo.later(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const source = { name: 'ad', kind: 'ldap', config: { urls: `ldaps://127.0.0.1:${port}`, baseDn: 'dc=corp' } };
    const { gateway, clock } = await givenGateway(undo, {
      more: {
        listeners: ['privacyidea', 'ops'].map((serves, index) => ({ address: `127.0.0.${index + 1}:0`, mounts: [{ path: '/', serves }] })),
        realms: [{ name: 'corp', default: true, users: ['ad'] }],
        userSources: [source],
      },
    });
    const ask = async () => (await fetch(`${gateway.urls[1]}/healthz`)).text();
    // when several ask
    const replies = await Promise.all([ask(), ask(), ask()]);
    // then all are told, by one look
    for (const text of replies) assert.match(text, /"name":"ad","ok":false,"detail":"0 of 1 .*: tls, what answers there speaks no TLS/);
    assert.equal(connections, 1);
    clock.advance(seconds(9));
    await ask();
    assert.equal(connections, 1);
    clock.advance(seconds(1));
    await ask();
    assert.equal(connections, 2);
  });
});
