import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { givenGateway } from '../kit/gateway.ts';
import { opsClient } from '../kit/operator.ts';
import { cleanup } from '../kit/temporary.ts';

describe('An outage of a provider', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('is seen in log, metric, alert rule, doctor and audit, and ends again without a push', async () => {
    // given a push service that fails, and a breaker that opens at the second failure
    const service = { status: 503 };
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(service.status).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    undo.later(() => server.close());
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
    const guard = { breakerFailures: 2, breakerOpenMs: 1000 };
    const providers = [{ name: 'cs', kind: 'challenge-service', default: true, config: { push_url: url }, ...guard }];
    const mounts = ['challenge-service', 'ops', 'privacyidea'].map((serves) => ({ path: '/', serves }));
    const given = await givenGateway(undo, { mounts, more: { providers }, policies: [{ name: 'cs', actions: { push_provider: ['cs'] } }] });
    const { gateway, logged, admin } = given;
    const base = gateway.urls[0] ?? '';
    const ops = opsClient(base, admin);
    const push = (number: number) => {
      const body = JSON.stringify({ challenge: { transactionId: `4123456789012345${number}`, gda: 'somebody', challenge: 'x' } });
      return fetch(`${base}/v1/challenge`, { method: 'POST', body });
    };
    const circuit = async (): Promise<string | undefined> =>
      /pushgate_provider_circuit_state\{provider="cs"\} (\d)/.exec(await (await fetch(`${base}/metrics`)).text())?.[1];
    const findings = async (): Promise<string[]> =>
      (await ops('GET', '/ops/doctor')).body.findings
        .filter(({ what }: { what: string }) => what.startsWith('breaker'))
        .map(({ level, what }: { level: string; what: string }) => `${level} ${what}`);
    const breakerLines = () =>
      logged.filter(({ event }) => String(event).startsWith('breaker-')).map(({ level, event }) => `${level} ${event}`);
    // when pushes fail
    for (const number of [1, 2]) assert.equal((await push(number)).status, 503);
    // then all who look are told
    assert.deepEqual(breakerLines(), ['warn breaker-opened']);
    assert.equal(await circuit(), '2');
    const rule = /alert: PushgateProviderOpen[\s\S]*?expr: (.*)/.exec(readFileSync('deploy/prometheus/alerts.yml', 'utf8'))?.[1] ?? '';
    assert.match(rule, /max_over_time\(pushgate_provider_circuit_state\[2m\]\)\) == 2$/);
    assert.deepEqual(await findings(), ['warning breaker of cs']);
    await gateway.settled();
    assert.deepEqual((await ops('GET', '/ops/audit?kind=breaker-opened')).body.entries.length, 1);
    // and when it works again and nobody pushes
    service.status = 200;
    // the breaker goes by the time of the machine
    while ((await circuit()) === '2') await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(await circuit(), '1', 'the rule sees no open breaker any more');
    assert.deepEqual(await findings(), ['fine breakers']);
    // and when it is looked at
    assert.equal((await ops('POST', '/ops/providers/cs/check')).status, 200);
    assert.deepEqual([await circuit(), breakerLines().at(-1)], ['0', 'info breaker-closed']);
  });
});
