import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { seconds } from '../kit/clock.ts';
import { givenGateway } from '../kit/gateway.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup } from '../kit/temporary.ts';

describe('The health of a gateway', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** The second one is for operators alone. */
  const listeners = ['privacyidea', 'ops'].map((serves, index) => ({ address: `127.0.0.${index + 1}:0`, mounts: [{ path: '/', serves }] }));

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
        listeners,
        realms: [{ name: 'corp', default: true, users: ['ad'] }],
        userSources: [source],
      },
    });
    const ask = async () => (await fetch(`${gateway.urls[1]}/healthz`)).text();
    // when several ask
    const replies = await Promise.all([ask(), ask(), ask()]);
    // then all are told, by one look
    for (const text of replies) assert.match(text, /"name":"ad","ok":false,"detail":"0 of 1 .*: tls, it does not speak TLS/);
    assert.equal(connections, 1);
    clock.advance(seconds(9));
    await ask();
    assert.equal(connections, 1);
    clock.advance(seconds(1));
    await ask();
    assert.equal(connections, 2);
  });

  it('is looked at whenever metrics are collected, so that an outage is seen while nobody logs in', async () => {
    // given a directory that is not there, and no login
    const source = { name: 'ad', kind: 'ldap', config: { urls: `ldap://127.0.0.1:${await freePort()}`, baseDn: 'dc=corp' } };
    const { gateway } = await givenGateway(undo, {
      more: { listeners, realms: [{ name: 'corp', default: true, users: ['ad'] }], userSources: [source] },
    });
    const ask = async (path: string) => (await fetch(`${gateway.urls[1]}${path}`)).text();
    const up = async () => /pushgate_user_source_up\{source="ad",kind="ldap"\} (\d)/.exec(await ask('/metrics'))?.[1];
    // when metrics are collected
    assert.equal(await up(), '1');
    // then what was begun by that is seen at the next collection: /healthz waits for the same look
    await ask('/healthz');
    assert.equal(await up(), '0');
  });
});
