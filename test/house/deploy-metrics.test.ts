import assert from 'node:assert/strict';
import { z } from 'zod';
import { version } from '../../src/foundation/model/index.ts';
import { openMetrics } from '../../src/foundation/telemetry/index.ts';
import { promQueries } from './deploy-files.ts';

const declared = z
  .array(z.object({ name: z.string(), type: z.string().optional(), labelNames: z.array(z.string()) }))
  .parse(openMetrics(version).registry.getMetricsAsArray());
/** What Prometheus adds to everything it scrapes, and to the parts of histograms. */
const added = ['job', 'instance', 'le'];

/** The metric that a name in a query is of; `up` is Prometheus' own. */
function metricOf(name: string): { labelNames: string[] } | undefined {
  if (name === 'up') return { labelNames: [] };
  return (
    declared.find((metric) => metric.name === name) ??
    declared.find((metric) => new RegExp(`^${metric.name}_(bucket|count|sum)$`).test(name))
  );
}

/** Names of metrics in a query: words of these prefixes. */
const namesIn = (expr: string): string[] => expr.match(/\b(?:pushgate|process|nodejs)_\w+|\bup\b/g) ?? [];

/** Labels that a query sorts by or selects with. */
const labelsIn = (expr: string): string[] => [
  ...[...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', ')),
  ...[...expr.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label),
];

/** What is wrong with a query: metrics that nobody counts, labels that they do not have. */
function problemsOf(expr: string): string[] {
  const names = namesIn(expr);
  const unknown = names.filter((name) => !metricOf(name));
  const labels = new Set([...added, ...names.flatMap((name) => metricOf(name)?.labelNames ?? [])]);
  return [...(names.length === 0 ? ['asks for nothing'] : unknown), ...labelsIn(expr).filter((label) => !labels.has(label))];
}

describe('Alerts and dashboards', () => {
  it('ask for metrics that the gateway counts, by labels that they have', () => {
    const queries = promQueries();
    assert.ok(queries.length > 25);
    for (const { place, expr } of queries) assert.deepEqual(problemsOf(expr), [], `${place}: ${expr}`);
  });

  it('show everything of ours', () => {
    const shown = promQueries().flatMap(({ expr }) => namesIn(expr));
    const ours = declared.map(({ name }) => name).filter((name) => name.startsWith('pushgate_'));
    const hidden = ours.filter((name) => !shown.some((each) => each === name || each.startsWith(`${name}_`)));
    assert.deepEqual(hidden, ['pushgate_provider_queue_wait_seconds']);
  });

  it('would not get away with a metric or a label that is not there', () => {
    assert.deepEqual(problemsOf('rate(pushgate_logins_total[5m])'), ['pushgate_logins_total']);
    assert.deepEqual(problemsOf('sum by (user) (pushgate_challenges_total{results="x"})'), ['user', 'results']);
    assert.deepEqual(problemsOf('vector(1)'), ['asks for nothing']);
  });
});
