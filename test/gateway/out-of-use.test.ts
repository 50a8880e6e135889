import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkConfig, inspectConfig } from '../../src/config/index.ts';
import { openLog } from '../../src/foundation/telemetry/index.ts';
import { certificateAuthority } from '../kit/certificates.ts';
import { configText, givenGateway } from '../kit/gateway.ts';
import { opsClient } from '../kit/operator.ts';
import { cleanup } from '../kit/temporary.ts';

describe('A provider whose credential is bad', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const providers = [
    { name: 'cs', kind: 'challenge-service', config: { push_url: 'https://127.0.0.1:9/', access_certificate: 'client.pem' } },
    { name: 'poll', kind: 'poll-only', default: true, config: {} },
  ];

  it('stops no login: the gateway starts, and says loudly what is wrong', async () => {
    // given a configuration that names a certificate that is not there
    const gateway = await givenGateway(undo, {
      policies: [{ name: 'plan', actions: { push_provider: ['cs', 'poll'] } }],
      more: { providers },
    });
    const { client, phoneOf, challenge, logged, folder, admin } = gateway;
    // when a user logs in
    const phone = await phoneOf('alice');
    const { id, nonce } = await challenge('alice', phone);
    await phone.answer(nonce);
    const finished = await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
    assert.equal(finished.body.result.authentication, 'ACCEPT');
    // then the log, the metrics and the operator's view name the provider and the file
    const [line] = logged.filter(({ event }) => event === 'provider-out-of-use');
    assert.equal(line?.level, 'error');
    assert.match(String(line?.problems), /config\.access_certificate: Cannot read .*client\.pem/);
    const delivered = logged.find(({ event }) => event === 'push-delivered');
    assert.match(JSON.stringify(delivered?.attempts), /"provider":"cs","outcome":"skipped","reason":"out-of-use"/);
    const metrics = await (await fetch(`${client.url}/metrics`)).text();
    assert.match(metrics, /pushgate_provider_out_of_use\{provider="cs"\} 1\n/);
    assert.match(metrics, /pushgate_provider_out_of_use\{provider="poll"\} 0\n/);
    const ops = opsClient(client.url, admin);
    const { body } = await ops('GET', '/ops/providers');
    assert.match(body.providers[0].problem, /Cannot read .*client\.pem/);
    assert.deepEqual((await ops('POST', '/ops/providers/cs/check')).body.ok, false);
    // and the check of the file is an error all the same
    const problems = await inspectConfig(join(folder, 'config.json'), {}, openLog('silent'));
    assert.ok(problems.some(({ level, path }) => level === 'error' && path.includes('access_certificate')));
    // when the file is there and the configuration is read again
    const { certificate, key } = certificateAuthority().issue();
    writeFileSync(join(folder, 'client.pem'), certificate + key);
    const text = configText({ more: { providers } });
    assert.equal(await gateway.gateway.reload(checkConfig(text, join(folder, 'config.json'), {})), 'reloaded');
    // then it is in use
    const after = await (await fetch(`${client.url}/metrics`)).text();
    assert.match(after, /pushgate_provider_out_of_use\{provider="cs"\} 0\n/);
  });
});
