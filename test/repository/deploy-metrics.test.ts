import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unavailableReasons } from '../../src/foundation/model/index.ts';
import { testAuthority } from '../kit/authority.ts';
import { givenGateway } from '../kit/gateway.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';
import { promQueries } from './deploy-files.ts';
import { groupedBy, type Sample, samplesOf, selectorsOf } from './prom-text.ts';

/** What Prometheus adds to everything it scrapes. */
const added = ['job', 'instance'];

/** What appears with the first reply of a provider and has no value before, with its labels. */
const later: Readonly<Record<string, readonly string[]>> = { pushgate_provider_clock_skew_seconds: ['provider'] };

/** What is wrong with a query where this is all that a gateway shows: metrics and values that are not there, labels that they do not have. */
function problemsOf(expr: string, shown: readonly Sample[]): string[] {
  const selectors = selectorsOf(expr);
  if (selectors.length === 0) return /\bup\b/.test(expr) ? [] : ['asks for nothing'];
  const labels = new Set(added);
  const missing = selectors.flatMap(({ name, matchers }) => {
    const named = shown.filter((sample) => sample.name === name);
    for (const label of [...(later[name] ?? []), ...named.flatMap((sample) => Object.keys(sample.labels))]) labels.add(label);
    if (later[name]) return [];
    const asked = matchers.filter(({ label }) => !added.includes(label));
    const unknown = asked.filter(({ label }) => !labels.has(label)).map(({ label }) => label);
    if (named.length === 0 || unknown.length > 0) return named.length === 0 ? [name] : unknown;
    const isThere = named.some((sample) => asked.every(({ label, fits }) => fits(sample.labels[label] ?? '')));
    return isThere ? [] : [`${name} with these values`];
  });
  return [...missing, ...groupedBy(expr).filter((label) => !labels.has(label))];
}

describe('A gateway that has just started', function () {
  this.timeout(30_000);
  const undo = cleanup();
  let text: string;
  let shown: Sample[];
  /** The values of the series with at least these labels. */
  const valuesOf = (name: string, labels: Sample['labels']): number[] =>
    shown
      .filter((sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
      .map(({ value }) => value);

  before('starts one with a bit of everything', async () => {
    const folder = temporaryFolder(undo);
    const { authority, server } = await testAuthority();
    const path = (file: string): string => join(folder, file);
    writeFileSync(path('server.pem'), server.certificate + server.key);
    writeFileSync(path('ca.pem'), authority.certificate);
    writeFileSync(path('users.json'), '[]');
    const { gateway } = await givenGateway(undo, {
      policies: [{ name: 'by cs', scope: 'authentication', actions: { push_provider: ['cs', 'poll'] } }],
      more: {
        listeners: [
          {
            address: '127.0.0.1:0',
            mounts: [
              { path: '/', serves: 'privacyidea' },
              { path: '/', serves: 'ops' },
            ],
          },
          { address: 'localhost:0', tls: { certificate: path('server.pem') }, mounts: [{ path: '/', serves: 'linotp' }] },
        ],
        realms: [{ name: 'corp', default: true, users: ['staff'] }],
        userSources: [{ name: 'staff', kind: 'file', config: { file: path('users.json') } }],
        providers: [
          { name: 'poll', kind: 'poll-only', default: true, config: {} },
          {
            name: 'cs',
            kind: 'challenge-service',
            config: { push_url: 'https://cs.example', access_certificate: path('server.pem'), server_certificate: path('ca.pem') },
          },
        ],
      },
    });
    text = await (await fetch(`${gateway.urls[0]}/metrics`)).text();
    shown = samplesOf(text);
  });
  after(() => undo.run());

  for (const [name, labels, series] of [
    ['pushgate_config_reloads_total', { outcome: 'reloaded' }, 1],
    ['pushgate_config_reloads_total', { outcome: 'refused' }, 1],
    ['pushgate_push_attempts_total', { provider: 'cs', outcome: 'unavailable' }, unavailableReasons.length],
    ['pushgate_push_attempts_total', { outcome: 'sent' }, 3],
    ['pushgate_push_duration_seconds_count', { provider: 'cs' }, 3],
    ['pushgate_provider_queue_wait_seconds_count', { provider: 'cs' }, 1],
    ['pushgate_push_failovers_total', { from: 'cs', to: 'poll' }, 14],
    ['pushgate_push_failovers_total', { from: 'poll', to: 'cs' }, 0],
    ['pushgate_device_tokens_invalid_total', { provider: 'cs', reason: 'dead-address' }, 1],
    ['pushgate_challenges_total', { auth_server: 'local' }, 12],
    ['pushgate_requests_shed_total', { auth_server: 'local' }, 3],
    ['pushgate_relays_total', { auth_server: 'local' }, 7],
    ['pushgate_challenge_answer_seconds_count', { mode: 'presence' }, 3],
    ['pushgate_policy_decisions_total', { policy: 'by cs', provider: 'cs' }, 1],
    ['pushgate_policy_decisions_total', { policy: 'default', provider: 'poll' }, 1],
    ['pushgate_ratelimit_rejections_total', {}, 9],
    ['pushgate_store_operation_seconds_count', { op: 'decide' }, 2],
    ['pushgate_store_operation_seconds_count', { op: 'probe', outcome: 'fault' }, 1],
    ['pushgate_http_requests_total', { route: '/validate/check', dialect: 'linotp', status: '503' }, 1],
    ['pushgate_http_requests_total', { route: '/readyz', status: '500' }, 1],
    ['pushgate_result_waiters', {}, 2],
    ['pushgate_tls_handshakes_refused_total', { listener: 'localhost:0' }, 10],
    ['pushgate_user_source_failures_total', { source: 'staff', kind: 'file' }, 7],
    ['pushgate_user_source_seconds_count', { source: 'staff' }, 2],
  ] as const)
    it(`shows ${name} ${JSON.stringify(labels)} as ${series} series that stand at 0`, () => {
      assert.deepEqual(valuesOf(name, labels), Array(series).fill(0));
    });

  it('shows at least one series of everything that it counts', () => {
    const counted = [...text.matchAll(/^# TYPE (pushgate_\w+) (counter|histogram)$/gm)];
    assert.ok(counted.length > 10);
    const hidden = counted.filter(([, name = '', type]) => valuesOf(type === 'counter' ? name : `${name}_count`, {}).length === 0);
    assert.deepEqual(hidden, []);
  });

  it('shows all that alerts and dashboards ask for, with the labels and values that they name', () => {
    const queries = promQueries();
    assert.ok(queries.length > 25);
    for (const { place, expr } of queries) assert.deepEqual(problemsOf(expr, shown), [], `${place}: ${expr}`);
  });

  it('would not get away with a metric, a label or a value that is not there', () => {
    for (const [expr, problems] of [
      ['rate(pushgate_logins_total[5m])', ['pushgate_logins_total']],
      ['sum by (user) (pushgate_challenges_total{results="x"})', ['results', 'user']],
      ['pushgate_config_reloads_total{outcome="denied"}', ['pushgate_config_reloads_total with these values']],
      ['vector(1)', ['asks for nothing']],
    ] as const)
      assert.deepEqual(problemsOf(expr, shown), problems, expr);
  });

  it('has everything of it on an alert or a dashboard', () => {
    const asked = promQueries().flatMap(({ expr }) => selectorsOf(expr).map(({ name }) => name.replace(/_(bucket|count|sum)$/, '')));
    const ours = [...text.matchAll(/^# TYPE (pushgate_\w+) /gm)].map(([, name]) => name ?? '');
    assert.deepEqual(
      ours.filter((name) => !asked.includes(name)),
      ['pushgate_provider_queue_wait_seconds'],
    );
  });
});
