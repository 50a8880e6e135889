import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testAuthority } from '../../../../kit/authority.ts';
import { givenGateway } from '../../../../kit/gateway.ts';
import { cleanup, temporaryFolder } from '../../../../kit/temporary.ts';
import { askTls } from '../../../../kit/tls-client.ts';

describe('A client of privacyIDEA with a certificate', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('is its auth server; a client without one is unknown, though another listener knows its network', async () => {
    const { authority, server, client } = await testAuthority();
    const folder = temporaryFolder(undo);
    writeFileSync(join(folder, 'server.pem'), server.certificate + server.key, { mode: 0o600 });
    writeFileSync(join(folder, 'ca.pem'), authority.certificate);
    const tls = { certificate: join(folder, 'server.pem'), clientCa: join(folder, 'ca.pem'), clientCertificate: 'request' };
    const mounts = [{ path: '/', serves: 'privacyidea' }];
    const { gateway } = await givenGateway(undo, {
      policies: [{ name: 'credentials only', match: { authServer: ['vpn'] }, actions: { api_key_required: true } }],
      more: {
        listeners: [
          { name: 'inside', address: '127.0.0.1:0', mounts },
          { address: 'localhost:0', mounts, tls },
        ],
        authServers: [
          { name: 'vpn', mounts: ['/'], certificates: [{ subject: 'CN=linotp' }] },
          { name: 'near', mounts: [{ listener: 'inside', path: '/' }], networks: ['127.0.0.0/8', '::1/128'] },
        ],
      },
    });
    const check = async (shown?: typeof client, url = gateway.urls[1]) => {
      const form = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'user=alice&pass=1234' };
      return askTls({ url: `${url}/validate/check`, ca: authority.certificate, client: shown, ...form });
    };
    assert.match((await check()).text, /not known as an auth server/);
    assert.doesNotMatch((await check(client)).text, /not known as an auth server|API key/);
    assert.doesNotMatch((await check(undefined, gateway.urls[0])).text, /not known as an auth server/);
  });
});
