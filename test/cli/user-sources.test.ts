import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { checkUserSources } from '../../src/cli/doctor-checks.ts';
import { loadConfig } from '../../src/config/index.ts';
import { configText, givenGateway } from '../kit/gateway.ts';
import { freePort } from '../kit/ports.ts';
import { directory, givenSlapd, haveSlapd, people } from '../kit/slapd.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('Sources of users in a gateway', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const fileSource = { name: 'staff', kind: 'file', config: { file: 'staff.json' } };
  const ldapSource = (port: number) => ({ name: 'ad', kind: 'ldap', config: { urls: `ldap://127.0.0.1:${port}`, baseDn: 'dc=corp' } });

  it('are looked at by the doctor', async () => {
    const folder = temporaryFolder(undo);
    const file = join(folder, 'config.json');
    writeFileSync(join(folder, 'staff.json'), '[{ "username": "alice" }]');
    writeFileSync(file, configText({ more: { userSources: [fileSource, ldapSource(await freePort())] } }));
    const loaded = await loadConfig(file, {});
    assert.ok(loaded.ok);
    const findings = await checkUserSources(loaded.value);
    assert.deepEqual(
      findings.map(({ level, what }) => [level, what]),
      [
        ['fine', 'user source staff'],
        ['failed', 'user source ad'],
      ],
    );
    assert.match(findings[0]?.detail ?? '', /^1 users in /);
    assert.match(
      findings[1]?.detail ?? '',
      /^0 of 1 servers can be searched; .*: connection; see that the servers run and can be reached from here$/,
    );
  });

  it('are a warning of the doctor where one of several servers cannot be asked', async function () {
    this.timeout(300_000);
    if (!haveSlapd()) return this.skip();
    // given a directory of two servers, one of which shows a certificate that nobody here trusts
    const slapd = await givenSlapd(undo);
    const folder = temporaryFolder(undo);
    writeFileSync(join(folder, 'svc'), people.svc);
    const config = { urls: [slapd.ldaps, slapd.ldap], baseDn: directory.baseDn, bindDn: directory.bindDn, bindPassword: { $file: 'svc' } };
    const source = { name: 'ad', kind: 'ldap', config };
    writeFileSync(join(folder, 'config.json'), configText({ more: { userSources: [source] } }));
    const loaded = await loadConfig(join(folder, 'config.json'), {});
    assert.ok(loaded.ok, JSON.stringify(loaded));
    // when the doctor looks
    const [found] = await checkUserSources(loaded.value);
    assert.equal(found?.level, 'warning');
    assert.match(
      found?.detail ?? '',
      /^1 of 2 servers can be searched; ldaps:.*: tls, its certificate is from an authority that is not trusted here; name/,
    );
  });

  it('stop its start where their file is missing, and are not connected by it', async () => {
    let connections = 0;
    const server = createServer(() => {
      connections += 1;
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    undo.later(() => server.close());
    const source = ldapSource((server.address() as AddressInfo).port);
    const realms = [{ name: 'corp', default: true, users: ['ad'] }];
    const { gateway } = await givenGateway(undo, { more: { realms, userSources: [source] } });
    await gateway.close();
    assert.equal(connections, 0);
    await assert.rejects(
      givenGateway(undo, { more: { realms, userSources: [source, fileSource] } }),
      /user file .*staff\.json cannot be used/,
    );
  });
});
