import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { isTracing } from '../../src/foundation/telemetry/spans.ts';
import { givenPeople } from '../edge/dialects/privacyidea/login/people-kit.ts';
import { givenFakes } from '../fakes/fakes-kit.ts';
import { givenGateway } from '../kit/gateway.ts';
import { opsClient } from '../kit/operator.ts';
import { relayParts } from '../kit/relay.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';
import { type GivenTraces, givenTraces, type SeenSpan } from '../kit/traces.ts';

const callers = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
const traceparent = `00-${callers.traceId}-${callers.spanId}-01`;

describe('A trace', function () {
  this.timeout(30_000);
  const undo = cleanup();
  let traces: GivenTraces;
  beforeEach(() => {
    traces = givenTraces(undo);
  });
  afterEach(() => undo.run());

  /** A gateway that traces, and a user whose phone FCM reaches. */
  const given = async () => {
    const { fakes } = await givenFakes(undo);
    const { providers } = await relayParts(temporaryFolder(undo), fakes);
    const policies = [{ name: 'fcm', scope: 'authentication', actions: { push_provider: ['fcm'], push_allow_polling: 'allow' } }];
    const gateway = await givenGateway(undo, { policies, settings: { traces: true }, more: { providers } });
    const { serial } = await gateway.phoneOf('quintessa');
    const ops = opsClient(gateway.client.url, gateway.admin);
    await ops('POST', `/ops/tokens/${serial}/addresses`, { kind: 'fcm', value: 'device-of-quintessa' });
    return { ...gateway, fakes, serial };
  };
  const of = (traceId: string): SeenSpan[] => traces.spans().filter((span) => span.traceId === traceId);

  it('goes from the request of a known caller through the steps of the login to the push service', async () => {
    // given a caller that traces, too
    const gateway = await given();
    const { client, serial } = gateway;
    // when a user logs in through it
    const { body, text } = await client.post('/validate/check', { user: 'quintessa', pass: '1234' }, { traceparent });
    assert.equal(body.result.authentication, 'CHALLENGE', text);
    await gateway.gateway.settled();
    // then all of it is one trace, that of the caller
    const spans = of(callers.traceId);
    const root = spans.find(({ kind }) => kind === 'SERVER') ?? assert.fail();
    assert.deepEqual([root.name, root.parent, root.failed], ['POST /validate/check', callers.spanId, false]);
    const ids = new Set(spans.map(({ id }) => id));
    for (const span of spans) if (span !== root) assert.ok(ids.has(span.parent ?? ''), `${span.name} has a parent in the trace`);
    for (const span of spans) assert.ok(span.startedAt >= root.startedAt - 1, `${span.name} begins within the request`);
    // with the steps that are worth seeing, each where it belongs
    const paths = spans.map((span) => traces.pathTo(span).slice(1).join(' > '));
    for (const path of [
      'admission',
      'check PIN',
      'issue challenge > sign challenge',
      'issue challenge > store addTransaction',
      'deliver challenge > push by fcm > POST',
    ])
      assert.ok(paths.includes(path), `${path} among ${paths.join(', ')}`);
    // and what the store is asked shows once
    assert.ok(!paths.some((path) => /store \w+ > store/.test(path)), paths.join(', '));
    const sent = spans.filter(({ name, kind }) => name === 'POST' && kind === 'CLIENT').at(-1);
    assert.deepEqual([sent?.attributes['http.response.status_code'], sent?.attributes['server.address']], [200, 'localhost']);
    assert.equal(spans.find(({ name }) => name === 'push by fcm')?.attributes['pushgate.outcome'], 'sent');
    // and nothing in it says who it was, or holds a secret
    assert.doesNotMatch(JSON.stringify(spans), new RegExp(`quintessa|device-of|1234"|${serial}`, 'i'));
    // and the line of the request has its id
    const line = gateway.logged.find(({ message, traceId }) => message === 'request' && traceId === callers.traceId);
    assert.equal(line?.route, '/validate/check');
  });

  it('shows which step failed, and for which reason, in no words of others', async () => {
    const { client, fakes } = await given();
    fakes.setFault({ status: 500 });
    await client.post('/validate/check', { user: 'quintessa', pass: '1234' }, { traceparent });
    const failed = of(callers.traceId).filter((span) => span.failed);
    const shown = failed.map(({ name, attributes }) => [name, attributes['error.type']]);
    assert.deepEqual(shown, [
      ['POST', '500'],
      ['push by fcm', 'server'],
    ]);
  });

  it('of a stranger is its own: nobody puts steps into the trace of somebody else', async () => {
    const gateway = await given();
    // when a phone asks, and names a trace
    await fetch(`${gateway.client.url}/ttype/push?serial=${gateway.serial}&timestamp=${new Date().toISOString()}&signature=AAAA`, {
      headers: { traceparent },
    });
    await gateway.gateway.settled();
    // then its request is traced, elsewhere
    assert.deepEqual(of(callers.traceId), []);
    const asked = traces.spans().filter(({ name }) => name === 'GET /ttype/:type');
    assert.deepEqual(
      asked.map(({ parent, kind }) => [parent, kind]),
      [[undefined, 'SERVER']],
    );
    const shown = traces.only('show challenges');
    assert.deepEqual(traces.pathTo(shown), ['GET /ttype/:type', 'show challenges']);
    const line = gateway.logged.findLast(({ message, route }) => message === 'request' && route === '/ttype/:type');
    assert.equal(line?.traceId, shown.traceId);
  });

  it('is one for a login whose reply waits for the phone', async () => {
    const policies = [{ name: 'wait', actions: { push_wait: 30 } }];
    const { client, phoneOf } = await givenGateway(undo, { policies, settings: { traces: true } });
    const phone = await phoneOf('alice');
    const reply = client.post('/validate/check', { user: 'alice', pass: '1234' }, { traceparent });
    let waiting: { nonce: string }[] = [];
    while (waiting.length === 0) waiting = (await phone.poll()).body.result.value;
    const before = of(callers.traceId).map(({ name }) => name);
    await phone.answer(waiting[0]?.nonce ?? '');
    assert.equal((await reply).body.result.authentication, 'ACCEPT');
    // then its span lasts until the reply, and there is one
    assert.ok(!before.includes('POST /validate/check'), 'not over while it waits');
    const servers = of(callers.traceId).filter(({ kind }) => kind === 'SERVER');
    assert.deepEqual(
      servers.map(({ name, attributes }) => [name, attributes['http.response.status_code']]),
      [['POST /validate/check', 200]],
    );
    assert.ok(
      of(callers.traceId).some(({ name }) => name === 'store findTransaction' || name === 'store decide'),
      'with what came after',
    );
  });

  it('shows where a source of users is asked, and that it failed', async () => {
    const ldap = {
      name: 'ad',
      kind: 'ldap',
      config: { urls: ['ldap://127.0.0.1:9'], baseDn: 'dc=corp', attributes: { username: 'uid', userid: 'uid' } },
    };
    const { client } = await givenPeople(undo, { settings: { traces: true } }, [ldap]);
    for (const probe of ['/livez', '/readyz', '/metrics']) await fetch(`${client.url}${probe}`);
    assert.ok(!traces.spans().some(({ name }) => /livez|readyz|metrics/.test(name)), 'and no probe');
    await client.post('/validate/check', { user: 'alice', pass: 'x' }, { traceparent });
    await client.post('/validate/check', { user: 'nobody', pass: 'x' }, { traceparent });
    const asked = of(callers.traceId).filter(({ name }) => name === 'user source find');
    assert.deepEqual(
      asked.map(({ kind, failed, attributes }) => [kind, attributes['pushgate.user_source'], failed]),
      [
        ['CLIENT', 'staff', false],
        ['CLIENT', 'staff', false],
        ['CLIENT', 'ad', true],
      ],
    );
    const failed = of(callers.traceId).find(({ kind, failed: hasFailed }) => kind === 'SERVER' && hasFailed);
    assert.deepEqual([failed?.attributes['http.response.status_code'], failed?.attributes['error.type']], [503, '503']);
    assert.doesNotMatch(JSON.stringify(traces.spans()), /alice|nobody/);
  });

  it('is told to a challenge service of the operator, and to nobody else', async () => {
    const headers: (string | undefined)[] = [];
    const service = createServer((request, response) => {
      headers.push(request.headers.traceparent?.toString());
      request.resume();
      response.end('ok');
    }).listen(0, '127.0.0.1');
    await once(service, 'listening');
    undo.later(() => service.close());
    const address = service.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
    const providers = [
      { name: 'cs', kind: 'challenge-service', default: true, config: { push_url: url } },
      { name: 'hook', kind: 'webhook', config: { url, signing_key: { $env: 'KEY' } } },
    ];
    const policies = [{ name: 'both', actions: { push_provider: ['cs'] } }];
    const mounts = ['privacyidea', 'challenge-service'].map((serves) => ({ path: '/', serves }));
    const given = { policies, mounts, settings: { traces: true }, more: { providers }, environment: { KEY: 'k'.repeat(32) } };
    const gateway = await givenGateway(undo, given);
    const body = JSON.stringify({ challenge: { transactionId: '41234567890123456', gda: 'somebody', challenge: 'x' } });
    assert.equal((await fetch(`${gateway.gateway.urls[0]}/v1/challenge`, { method: 'POST', body, headers: { traceparent } })).status, 200);
    const exchange = traces.only('POST');
    assert.deepEqual(traces.pathTo(exchange), ['POST /v1/challenge', 'relay challenge', 'push by cs', 'POST']);
    assert.deepEqual(headers, [`00-${callers.traceId}-${exchange.id}-01`]);
  });

  it('is none where nothing is asked for, and where a gateway has stopped', async () => {
    const silent = await givenGateway(undo);
    await silent.client.post('/validate/check', { user: 'alice', pass: '1234' }, { traceparent });
    assert.deepEqual([traces.spans(), isTracing()], [[], false]);
    const traced = await givenGateway(undo, { settings: { traces: true } });
    assert.equal(isTracing(), true);
    await traced.gateway.close();
    assert.equal(isTracing(), false);
    // and of two gateways in one process each has its own end
    const [one] = [await givenGateway(undo, { settings: { traces: true } }), await givenGateway(undo, { settings: { traces: true } })];
    await one.gateway.close();
    await one.gateway.close();
    assert.equal(isTracing(), true);
  });
});

describe('Traces without an SDK', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('are warned of, and harm nobody', async () => {
    const { logged, phoneOf, challenge } = await givenGateway(undo, { settings: { traces: true } });
    const phone = await phoneOf('alice');
    await challenge('alice', phone);
    const warned = logged.filter(({ level, message }) => level === 'warn' && String(message).includes('no OpenTelemetry SDK'));
    assert.equal(warned.length, 1);
    assert.ok(logged.every((line) => line.message !== 'request' || line.traceId === undefined));
  });
});
