import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/index.ts';
import { issueServerCertificate } from '../../src/foundation/crypto/index.ts';
import { openLog, openMetrics } from '../../src/foundation/telemetry/index.ts';
import { openListeners } from '../../src/gateway/listeners.ts';
import { testAuthority } from '../kit/authority.ts';
import { configText } from '../kit/gateway.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';
import { askTls } from '../kit/tls-client.ts';

const year = 365 * 86_400_000;

describe('A listener whose certificate has ended', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('is served, and told as an error with file and date, at the start and when a new one has ended too', async () => {
    // given a listener with a certificate of two years ago
    const { authority, server } = await testAuthority();
    const folder = temporaryFolder(undo);
    const file = join(folder, 'server.pem');
    const put = ({ certificate, key }: typeof server) => writeFileSync(file, certificate + key, { mode: 0o600 });
    const ended = await issueServerCertificate(authority, { hosts: ['localhost'], now: Date.now() - 2 * year });
    put(ended);
    const { listeners: _, ...rest } = JSON.parse(configText());
    const listener = { address: 'localhost:0', tls: { certificate: 'server.pem' }, mounts: [{ path: '/', serves: 'ops' }] };
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...rest, listeners: [listener] }));
    const loaded = await loadConfig(join(folder, 'config.json'), {});
    assert.ok(loaded.ok);
    const errors: Record<string, string>[] = [];
    const log = openLog('error', { write: (line: string) => void errors.push(JSON.parse(line)) });
    // when it is opened
    const options = {
      ...loaded.value,
      clock: Date.now,
      log,
      metrics: openMetrics('test'),
      draining: { now: false },
      serviceOf: () => ({ mounts: [] }),
    };
    const listeners = await openListeners(options);
    undo.later(() => listeners.close(0));
    // then the log says which file holds it, and since when it is of no use
    assert.equal(errors[0]?.file, file);
    assert.match(errors[0]?.ended ?? '', /^20\d\d-\d\d-\d\dT/);
    assert.match(errors[0]?.message ?? '', /has expired and clients refuse it/);
    const ask = () => askTls({ url: `${listeners.urls[0]}/livez`, ca: authority.certificate });
    await assert.rejects(ask(), { code: 'CERT_HAS_EXPIRED' });
    // and a good one in its place says nothing, another old one the same again
    put(server);
    listeners.renew();
    assert.deepEqual([(await ask()).status, errors.length], [404, 1]);
    put(ended);
    listeners.renew();
    assert.equal(errors.length, 2);
  });
});
