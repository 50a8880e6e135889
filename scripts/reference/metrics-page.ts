import { z } from 'zod';
import { openClusterMetrics } from '../../src/foundation/telemetry/cluster-metrics.ts';
import { openMetrics } from '../../src/foundation/telemetry/index.ts';
import { bullet, code, escaped, page, wrapped } from './markdown.ts';

/** The meaning of each label. */
export const labelMeanings: Readonly<Record<string, string>> = {
  auth_server: 'name of the auth server; empty when it is unknown',
  target: 'target of messages of the outbox, such as `hook:billing`; `expiry` looks whether challenges have expired',
  because: 'why the phone was muted',
  cause: 'what was broken',
  dialect: 'dialect of the mount',
  from: 'the provider that failed',
  kind: 'kind of credential or user source, or what the request waits for',
  listener: 'address of the listener',
  mode: 'what the phone was asked for',
  op: 'operation of the store',
  outcome: 'how it ended',
  policy: 'name of the rule; empty when no rule decided',
  provider: 'name of the provider',
  reason: 'why it failed or was refused',
  result: 'how it ended',
  route: 'route without its parameters',
  scope: 'what the source tried',
  source: 'name of the user source',
  status: 'HTTP status',
  to: 'the provider that was tried next',
  url: 'scheme, host and port of the URL',
  version: 'version of the gateway',
};

/** How workers of one machine combine a gauge. */
const together: Readonly<Record<string, string>> = { max: 'the highest value', min: 'the lowest value', first: 'the value of one of them' };

/** A metric of the product. The values of a label are known if they are a fixed list. */
type Described = { name: string; help: string; type: string; aggregator: string; labels: { name: string; values: string[] }[] };

/** Every metric of the product, by name. */
export async function productMetrics(): Promise<Described[]> {
  const metrics = openMetrics('0.0.0');
  showAll(metrics);
  const { workers, restarts } = openClusterMetrics();
  const all = [...metrics.registry.getMetricsAsArray(), workers, restarts];
  const described = await Promise.all(all.map(describe));
  return described.filter(({ name }) => name.startsWith('pushgate_')).sort((a, b) => (a.name < b.name ? -1 : 1));
}

const metricForm = z.object({
  name: z.string(),
  help: z.string(),
  type: z.string(),
  aggregator: z.string().default('sum'),
  values: z.array(z.object({ labels: z.record(z.string(), z.unknown()) })),
});

/** The library's types lack the names of the labels. */
async function describe(metric: object): Promise<Described> {
  const { labelNames, get } = z.object({ labelNames: z.array(z.string()), get: z.custom<() => unknown>() }).parse(metric);
  const { values, ...rest } = metricForm.parse(await get.call(metric));
  const valuesOf = (label: string): string[] => [
    ...new Set(values.flatMap(({ labels }) => (labels[label] ? [String(labels[label])] : []))),
  ];
  return { ...rest, labels: labelNames.map((name) => ({ name, values: name === 'version' ? [] : valuesOf(name) })) };
}

/** Shows every series of every metric, to collect the values of its labels. */
function showAll(part: object): void {
  for (const each of Object.values(part)) {
    if (typeof each !== 'object' || each === null) continue;
    if ('startAtZero' in each && typeof each.startAtZero === 'function') each.startAtZero({});
    else if (Object.getPrototypeOf(each) === Object.prototype) showAll(each);
  }
}

/** The page about all metrics. */
export async function metricsPage(): Promise<string> {
  return page([
    '# Metrics reference',
    wrapped(
      'Every metric at `/metrics` of a mount that serves `ops`, in the text format of Prometheus. [alerts.md](../alerts.md) tells what to do ' +
        'when one of them alerts. Beside them stand the usual metrics of a Node process, `process_*` and `nodejs_*`.',
    ),
    wrapped(
      'A name that ends in `_seconds` counts seconds. Several workers of one machine show their sum, unless a metric says otherwise.',
    ),
    ...(await productMetrics()).map(metricBlock),
  ]);
}

function metricBlock({ name, help, type, aggregator, labels }: Described): string {
  const shared = together[aggregator];
  const facts = [
    bullet('Type', type),
    ...labels.map((label) => bullet(`Label ${code(label.name)}`, labelText(label))),
    ...(shared === undefined ? [] : [bullet('Of several workers', shared)]),
  ];
  return [`## ${code(name)}`, wrapped(escaped(help)), facts.join('\n')].join('\n\n');
}

function labelText({ name, values }: Described['labels'][number]): string {
  const meaning = labelMeanings[name] ?? '';
  return values.length === 0 ? meaning : `${meaning}: ${values.map(code).join(', ')}`;
}
