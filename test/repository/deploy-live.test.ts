import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { givenFakes } from '../fakes/fakes-kit.ts';
import { givenGateway } from '../kit/gateway.ts';
import { linotpBody, linotpPost } from '../kit/linotp-server.ts';
import { givenPrometheus, type Prometheus } from '../kit/prometheus.ts';
import { findPrometheus } from '../kit/promtool.ts';
import { relayParts } from '../kit/relay.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../kit/temporary.ts';
import { alertRules, dashboard, prometheusFile, promQueries } from './deploy-files.ts';

/** What comes to no series here, and why that is right. */
const mayBeEmpty = new Map([['PushgateNoTraffic', 'it compares with the week before, and this gateway is some seconds old']]);

/** The query of an alert without its filters: what it compares, whether or not the alert would fire. */
const unfiltered = (expr: string): string => expr.replaceAll(/(\s)(==|!=|>=|<=|>|<)\s(?!bool\b)/g, '$1$2 bool ');

/** What a query selects: names with what stands in their braces. */
const partsOf = (expr: string): string[] => expr.match(/\b(?:up|(?:pushgate|process|nodejs)_\w+)(?:\{[^}]*\})?/g) ?? [];

/** The query of a panel as Grafana asks it for a gateway, or for all of them. Grafana's shortest window is four scrapes; here it is a minute. */
const filledIn = (expr: string, instance: string): string =>
  expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', instance.replaceAll('\\', '\\\\'));

/** A gateway with a bit of everything: two ways to log in, all kinds of providers, TLS, a source of users. */
async function givenBusyGateway(undo: Cleanup) {
  const { fakes } = await givenFakes(undo);
  const folder = temporaryFolder(undo);
  const { providers, authServers, tls, linotp } = await relayParts(folder, fakes);
  const users = join(folder, 'users.json');
  writeFileSync(users, '[{ "username": "alice" }]');
  const relays = { path: '/', serves: 'challenge-service' };
  const given = await givenGateway(undo, {
    policies: [{ name: 'plan', scope: 'authentication', actions: { push_allow_polling: 'allow', push_provider: ['fcm', 'cs', 'poll'] } }],
    more: {
      listeners: [
        {
          address: '127.0.0.1:0',
          mounts: [
            { path: '/', serves: 'privacyidea' },
            { path: '/', serves: 'ops' },
          ],
        },
        { address: 'localhost:0', mounts: [relays], tls },
      ],
      providers: [...providers, { name: 'poll', kind: 'poll-only', config: {} }],
      authServers: [...authServers, { name: 'vpn', networks: ['127.0.0.0/8'], mounts: ['/'] }],
      realms: [{ name: 'corp', default: true, users: ['staff'] }],
      userSources: [{ name: 'staff', kind: 'file', config: { file: users } }],
    },
  });
  const { client, phoneOf, challenge, gateway } = given;
  const alices = await phoneOf('alice');
  return {
    target: new URL(gateway.urls[0] ?? '').host,
    async login() {
      const { id, nonce } = await challenge('alice', alices);
      await alices.answer(nonce);
      const finished = await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
      assert.equal(finished.body.result.authentication, 'ACCEPT', finished.text);
    },
    async relay() {
      const body = linotpBody('41227575594942494', 'fcm:phone-1', 'lseqr://push/AgAAAA');
      assert.equal((await linotpPost(`${gateway.urls[1]}/v1/challenge`, body, linotp)).status, 200);
    },
  };
}

describe('Prometheus, beside a gateway that has seen logins', function () {
  this.timeout(60_000);
  const undo = cleanup();
  const job = prometheusFile().scrape_configs[0].job_name;
  let prometheus: Prometheus;
  let target: string;
  /** When the logins were seen and the last scrape was good: a machine that is busy elsewhere misses one now and then. */
  let moment: number;

  before(async function () {
    // Prometheus may have to be fetched.
    this.timeout(300_000);
    const program = findPrometheus();
    if (!program) return this.skip();
    const gateway = await givenBusyGateway(undo);
    target = gateway.target;
    prometheus = await givenPrometheus(undo, { program, job, target, rules: 'deploy/prometheus/alerts.yml' });
    // An increase is seen only in a series that was scraped before.
    await prometheus.until(`pushgate_build_info{job="${job}"}`);
    await gateway.login();
    await gateway.relay();
    const seen = ['logins_finished_total', 'relays_total'].map((name) => `sum(rate(pushgate_${name}[1m])) > 0`);
    moment = await prometheus.until([...seen, `on () up{job="${job}"} == 1`].join(' and '));
  });
  after(() => undo.run());

  /** The queries that fail or come to no series, each with what was wrong. */
  const wrongOf = async (queries: readonly { place: string; expr: string }[]): Promise<string[]> => {
    const wrong = await Promise.all(
      queries.map(async ({ place, expr }) => {
        const found = await prometheus.query(expr, moment).catch((error: Error) => error.message);
        if (typeof found === 'string') return [`${place}: ${found}`];
        return found.length > 0 ? [] : [`${place}: no series: ${expr}`];
      }),
    );
    return wrong.flat();
  };
  const queriesOf = (kind: 'alert' | 'panel') => promQueries().filter((each) => each.kind === kind);

  for (const [whose, instance] of [
    ['all gateways', () => '.*'],
    // As Grafana writes a value into a regular expression.
    ['one gateway', () => target.replaceAll('.', '\\.')],
  ] as const)
    it(`answers every query of the dashboard for ${whose}`, async () => {
      const panels = queriesOf('panel').map(({ place, expr }) => ({ place, expr: filledIn(expr, instance()) }));
      assert.ok(panels.length > 40);
      assert.deepEqual(await wrongOf(panels), []);
    });

  it('knows the gateways that the dashboard lets one choose from', async () => {
    const { query = '' } = dashboard().templating.list.find(({ name }) => name === 'instance') ?? {};
    const [, selector = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
    assert.deepEqual(await prometheus.labelValues(label, selector), [target]);
  });

  it('evaluates every alert rule, and finds what it compares', async () => {
    const evaluated = await prometheus.rules();
    assert.deepEqual(
      evaluated.filter(({ health }) => health !== 'ok'),
      [],
    );
    assert.equal(evaluated.length, alertRules().length);
    const comparing = queriesOf('alert').map(({ place, expr }) => ({ place, expr: unfiltered(expr) }));
    const wrong = await wrongOf(comparing.filter(({ place }) => !mayBeEmpty.has(place)));
    assert.deepEqual(wrong, []);
    // and those that may come to nothing are queries all the same
    for (const { place, expr } of comparing) if (mayBeEmpty.has(place)) assert.deepEqual(await prometheus.query(expr), [], place);
    // and each part of a rule finds its series, also where another part would do
    const parts = queriesOf('alert').flatMap(({ place, expr }) => partsOf(expr).map((part) => ({ place, expr: part })));
    assert.ok(parts.length > alertRules().length);
    assert.deepEqual(await wrongOf(parts), []);
  });

  it('finds nothing to warn of in a gateway that is well', async () => {
    assert.deepEqual(await prometheus.query('ALERTS{alertstate="firing"}'), []);
  });

  it('would not take a query that is wrong, or asks for what is not there', async () => {
    const wrong = await wrongOf([
      { place: 'broken', expr: 'sum by (result) (rate(pushgate_challenges_total[1m])' },
      { place: 'missing', expr: 'rate(pushgate_nothing_total[1m])' },
    ]);
    assert.match(wrong[0] ?? '', /^broken: .*parse error/);
    assert.match(wrong[1] ?? '', /^missing: no series/);
  });
});
