import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

const texts = z.array(z.string());
const namedTexts = z.record(z.string(), z.string());

const service = z.object({
  image: z.string(),
  command: texts.default([]),
  ports: texts.default([]),
  volumes: texts.default([]),
  networks: texts.default([]),
  environment: namedTexts.default({}),
  depends_on: z.record(z.string(), z.unknown()).default({}),
  healthcheck: z.object({ test: texts }).optional(),
  stop_grace_period: z.string().optional(),
  read_only: z.boolean().default(false),
});

/** One service of the compose file, as far as the tests look into it. */
export type Service = z.output<typeof service>;

const labelled = z.object({ matchLabels: namedTexts });
const port = z.object({ name: z.string(), containerPort: z.int() });
const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) });
const container = z.object({
  image: z.string(),
  command: texts,
  ports: z.array(port),
  env: z.array(z.object({ name: z.string(), valueFrom: z.object({ secretKeyRef: z.object({ name: z.string(), key: z.string() }) }) })),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string(), readOnly: z.literal(true) })),
  securityContext: z.object({ allowPrivilegeEscalation: z.literal(false), readOnlyRootFilesystem: z.literal(true) }),
  resources: z.object({ requests: namedTexts, limits: namedTexts }),
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe,
  lifecycle: z.object({ preStop: z.object({ exec: z.object({ command: texts }) }) }),
});
const volume = z.object({
  name: z.string(),
  configMap: z.object({ name: z.string() }).optional(),
  secret: z.object({ secretName: z.string() }).optional(),
});
const pod = z.object({
  terminationGracePeriodSeconds: z.int(),
  securityContext: z.object({ runAsNonRoot: z.literal(true), runAsUser: z.int() }),
  topologySpreadConstraints: z.array(z.object({ labelSelector: labelled })),
  containers: z.tuple([container]),
  volumes: z.array(volume),
});
const ports = z.array(z.object({ port: z.int() }));
const peers = z.array(z.object({ namespaceSelector: labelled, podSelector: labelled.optional() })).min(1);
const named = z.object({ name: z.string() });

const deployment = z.object({
  metadata: named,
  spec: z.object({ selector: labelled, template: z.object({ metadata: z.object({ labels: namedTexts }), spec: pod }) }),
});
const kinds = {
  'deployment.yaml': deployment,
  'service.yaml': z.object({ spec: z.object({ selector: namedTexts, ports: z.array(z.object({ targetPort: z.string() })) }) }),
  'pod-disruption-budget.yaml': z.object({ spec: z.object({ selector: labelled }) }),
  'network-policy.yaml': z.object({
    spec: z.object({ podSelector: labelled, ingress: z.array(z.object({ from: peers, ports })), egress: z.array(z.object({ ports })) }),
  }),
  'autoscaler.yaml': z.object({
    spec: z.object({ scaleTargetRef: z.object({ apiVersion: z.string(), kind: z.string(), name: z.string() }), minReplicas: z.int() }),
  }),
  'kustomization.yaml': z.object({
    resources: texts,
    images: z.array(z.object({ name: z.string(), newTag: z.string() })),
    configMapGenerator: z.array(z.object({ name: z.string(), files: texts })),
  }),
};

/** The one document of a YAML file; fails on whatever a strict parser does not take. */
export function yaml(path: string): unknown {
  const [document, ...more] = parseAllDocuments(readFileSync(path, 'utf8'), { merge: true, strict: true, uniqueKeys: true });
  assert.ok(document && more.length === 0, `${path} is one document`);
  assert.deepEqual([...document.errors, ...document.warnings], [], path);
  return document.toJS();
}

/** All YAML files of deploy/. */
export const yamlFiles = (): string[] => globSync(['deploy/**/*.yaml', 'deploy/**/*.yml']).sort();

/** The compose file. */
export const composeFile = () =>
  z
    .object({
      services: z.record(z.string(), service),
      volumes: z.record(z.string(), z.unknown()),
      networks: z.record(z.string(), z.unknown()),
    })
    .parse(yaml('deploy/compose.yaml'));

/** A file of deploy/kubernetes/. */
export function kubernetesFile<K extends keyof typeof kinds>(name: K): z.output<(typeof kinds)[K]>;
export function kubernetesFile(name: keyof typeof kinds): unknown {
  return kinds[name].parse(yaml(`deploy/kubernetes/${name}`));
}

/** Targets of Prometheus. */
export const prometheusFile = () =>
  z
    .object({
      rule_files: texts,
      scrape_configs: z.tuple([
        z.object({ job_name: z.string(), metrics_path: z.string(), static_configs: z.tuple([z.object({ targets: texts })]) }),
      ]),
    })
    .parse(yaml('deploy/prometheus.yml'));

/** Where Grafana asks. */
export const datasource = () =>
  z
    .object({ datasources: z.tuple([z.object({ uid: z.string(), url: z.url() })]) })
    .parse(yaml('deploy/grafana/provisioning/datasources/prometheus.yaml')).datasources[0];

const variable = z.object({
  name: z.string(),
  type: z.string(),
  query: z.string(),
  current: z.object({ value: z.string() }),
});
const source = z.object({ type: z.literal('prometheus'), uid: z.string() });
const panel = z.object({ title: z.string(), datasource: source, targets: z.array(z.object({ expr: z.string() })).min(1) });

/** What Grafana shows, and what a user may choose there. */
export const dashboard = () =>
  z
    .object({ panels: z.array(panel), templating: z.object({ list: z.array(variable) }) })
    .parse(JSON.parse(readFileSync('deploy/grafana/dashboards/pushgate.json', 'utf8')));

const rule = z.object({
  alert: z.string(),
  expr: z.string(),
  annotations: z.object({ summary: z.string(), description: z.string(), runbook: z.string() }),
});

/** The alert rules, in their order. */
export const alertRules = () =>
  z
    .object({ groups: z.array(z.object({ rules: z.array(rule) })) })
    .parse(yaml('deploy/prometheus/alerts.yml'))
    .groups.flatMap(({ rules }) => rules);

/** Every question that alert rules and dashboards ask Prometheus, with where it stands. */
export const promQueries = (): { kind: 'alert' | 'panel'; place: string; expr: string }[] => [
  ...alertRules().map(({ alert, expr }) => ({ kind: 'alert' as const, place: alert, expr })),
  ...dashboard().panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ kind: 'panel' as const, place: title, expr }))),
];
