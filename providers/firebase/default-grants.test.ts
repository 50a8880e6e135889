import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { applicationDefault } from 'firebase-admin/app';
import { fakeClock, minutes } from '../../test/kit/clock.ts';
import { cleanup, temporaryFolder } from '../../test/kit/temporary.ts';
import { defaultGrants } from './default-grants.ts';

describe('Application default credentials', () => {
  const undo = cleanup();
  afterEach(() => undo.run());
  const clock = fakeClock();
  const soon = () => AbortSignal.timeout(5000);

  /** The environment variables that Google's library reads. */
  const givenEnvironment = (values: Record<string, string>) => {
    for (const [name, value] of Object.entries(values)) {
      const before = process.env[name];
      process.env[name] = value;
      undo.later(() => {
        if (before === undefined) delete process.env[name];
        else process.env[name] = before;
      });
    }
  };

  it("come from the metadata server of Google's machines, with the project", async () => {
    // given a machine whose metadata server knows a service account
    const paths: string[] = [];
    const metadata = createServer((request, response) => {
      paths.push(String(request.url).split('?')[0] ?? '');
      response.setHeader('metadata-flavor', 'Google');
      if (request.url?.includes('/token')) {
        response.setHeader('content-type', 'application/json');
        response.end('{"access_token":"from-metadata","expires_in":3600,"token_type":"Bearer"}');
      } else response.end(request.url?.includes('project-id') ? 'acme-of-metadata' : '');
    }).listen(0, '127.0.0.1');
    await once(metadata, 'listening');
    undo.later(() => {
      metadata.closeAllConnections();
      metadata.close();
    });
    const empty = temporaryFolder(undo);
    givenEnvironment({
      GCE_METADATA_HOST: `127.0.0.1:${(metadata.address() as AddressInfo).port}`,
      METADATA_SERVER_DETECTION: 'assume-present',
      GOOGLE_APPLICATION_CREDENTIALS: '',
      HOME: empty,
      CLOUDSDK_CONFIG: empty,
      GOOGLE_CLOUD_PROJECT: '',
      GCLOUD_PROJECT: '',
    });
    // when a grant is asked for
    const granted = await defaultGrants({ credential: applicationDefault(), project: undefined, clock })(soon());
    // then it is that account's, for that project
    assert.ok(granted.ok, JSON.stringify(granted));
    assert.deepEqual([granted.value.token, granted.value.project], ['from-metadata', 'acme-of-metadata']);
    assert.ok(Math.abs(granted.value.expiresAt - clock() - minutes(60)) < minutes(1));
    // and the project of the configuration beats it
    const other = await defaultGrants({ credential: applicationDefault(), project: 'acme-mfa', clock })(soon());
    assert.ok(other.ok && other.value.project === 'acme-mfa');
    assert.ok(paths.some((path) => path.endsWith('/service-accounts/default/token')));
  });

  const failing = async (error: Error) => {
    const credential = { getAccessToken: () => Promise.reject(error) };
    const granted = await defaultGrants({ credential, project: 'acme-mfa', clock })(soon());
    return granted.ok ? assert.fail('granted') : granted.error;
  };

  it('fail with instructions where they are missing or refused', async () => {
    const none = await failing(new Error('Could not load the default credentials. Browse to https://…'));
    assert.deepEqual([none.kind, none.reason], ['rejected', 'credentials']);
    assert.match(JSON.stringify(none), /no application default credentials\. Set service_account/);
    const refused = await failing(Object.assign(new Error('invalid_grant secret-text'), { response: { status: 400 } }));
    assert.deepEqual([refused.kind, refused.reason], ['rejected', 'credentials']);
    assert.ok(!JSON.stringify(refused).includes('secret-text'));
  });

  it('may be tried again after a missing reply or a server error', async () => {
    const silent = await failing(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
    assert.deepEqual([silent.kind, silent.reason], ['unavailable', 'connection']);
    const broken = await failing(Object.assign(new Error('Service Unavailable'), { status: 503 }));
    assert.deepEqual([broken.kind, broken.reason], ['unavailable', 'server']);
  });

  it('need a project', async () => {
    const credential = { getAccessToken: async () => ({ access_token: 'a', expires_in: 3600 }) };
    const granted = await defaultGrants({ credential, project: undefined, clock })(soon());
    assert.match(JSON.stringify(granted), /configuration.*Set project_id/);
  });
});
