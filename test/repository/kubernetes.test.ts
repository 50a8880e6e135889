import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { checkConfig, problemText } from '../../src/config/index.ts';
import { findKustomize, haveKubernetesValidate, kubernetesProblems, type Resource, rendered } from '../kit/kubernetes.ts';
import { preparedKeyPair } from '../kit/prepared-keys.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';
import { yaml } from './deploy-files.ts';

/** The oldest and the newest version that the files are for. */
const versions = ['1.29', '1.37'];
const folder = 'deploy/kubernetes';
const read = (path: string): string => readFileSync(path, 'utf8');

/** What the Prometheus operator takes, as far as the file goes: its own schema is no part of Kubernetes'. */
const serviceMonitor = z.strictObject({
  apiVersion: z.literal('monitoring.coreos.com/v1'),
  kind: z.literal('ServiceMonitor'),
  metadata: z.strictObject({ name: z.string(), labels: z.record(z.string(), z.string()).optional() }),
  spec: z.strictObject({
    jobLabel: z.string(),
    selector: z.strictObject({ matchLabels: z.record(z.string(), z.string()) }),
    endpoints: z.tuple([z.strictObject({ port: z.string(), path: z.string(), interval: z.string() })]),
  }),
});
/** A key file as Firebase's console gives it. */
const keyFile = (): string => {
  const key = preparedKeyPair().privateKey.export({ type: 'pkcs8', format: 'pem' });
  return JSON.stringify({ type: 'service_account', project_id: 'acme', client_email: 'gateway@acme.example', private_key: key });
};
const withPorts = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()) }),
  spec: z.object({ ports: z.array(z.object({ name: z.string(), targetPort: z.string() })) }),
});
const withPod = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.tuple([z.object({ volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })) })]),
        volumes: z.array(z.object({ name: z.string(), secret: z.object({ secretName: z.string() }).optional() })),
      }),
    }),
  }),
});

describe('What kustomize makes of the files for Kubernetes', function () {
  this.timeout(300_000);
  const undo = cleanup();
  afterEach(() => undo.run());
  const kustomize = findKustomize();
  before(function () {
    if (!kustomize || !haveKubernetesValidate()) this.skip();
  });

  const render = (path: string) => rendered(kustomize ?? assert.fail(), path);
  /** The folder with both of its components, and a credential that the operator has put there. */
  const givenWhole = (): string => {
    const copy = temporaryFolder(undo);
    cpSync(folder, copy, { recursive: true });
    const text = read(join(copy, 'kustomization.yaml'));
    assert.match(text, /^# components: \[provider-secrets, prometheus-operator\]$/m);
    writeFileSync(join(copy, 'kustomization.yaml'), text.replace(/^# components:/m, 'components:'));
    writeFileSync(join(copy, 'provider-secrets/fcm.json'), keyFile());
    return copy;
  };
  const only = (resources: readonly Resource[], kind: string, name = 'pushgate'): Resource =>
    resources.find((each) => each.kind === kind && each.metadata.name.startsWith(name)) ?? assert.fail(`no ${kind} ${name}`);

  for (const kubernetes of versions) {
    it(`is what Kubernetes ${kubernetes} takes`, () => {
      const file = join(temporaryFolder(undo), 'rendered.yaml');
      const { text } = render(givenWhole());
      writeFileSync(file, text);
      assert.equal(kubernetesProblems(file, kubernetes), '');
      // and a field that it does not know would be found
      writeFileSync(file, text.replace('terminationGracePeriodSeconds', 'terminationGraceSeconds'));
      assert.match(kubernetesProblems(file, kubernetes), /terminationGraceSeconds/);
    });
  }

  it('lets through its NetworkPolicy what the file lets through', () => {
    const { spec } = z.object({ spec: z.unknown() }).parse(yaml(join(folder, 'network-policy.yaml')));
    assert.deepEqual(only(render(folder).resources, 'NetworkPolicy').spec, spec);
  });

  it('gives the gateway the credentials of its providers, as files that its configuration names', async () => {
    // given the entry for Firebase that the component tells of
    const entry = /^# +(\{ "name": "fcm".*\})$/m.exec(read(join(folder, 'provider-secrets/kustomization.yaml')))?.[1] ?? assert.fail();
    const named = /"\$file": "([^"]+)"/.exec(entry)?.[1] ?? '';
    // when the folder is rendered with the component
    const whole = givenWhole();
    const { resources } = render(whole);
    // then the file is where the entry says, in a Secret that is named after what it holds
    const secret = only(resources, 'Secret', 'pushgate-providers-');
    assert.deepEqual(Object.keys(z.record(z.string(), z.string()).parse(secret.data)), [named.split('/').at(-1)]);
    const pod = withPod.parse(only(resources, 'Deployment')).spec.template.spec;
    const mount = pod.containers[0].volumeMounts.find(({ mountPath }) => named.startsWith(`${mountPath}/`));
    assert.equal(pod.volumes.find(({ name }) => name === mount?.name)?.secret?.secretName, secret.metadata.name);
    // and a start takes the entry, with the file that the operator put there
    const config = JSON.parse(read(join(folder, 'config.json')));
    config.providers = [JSON.parse(entry.replace(named, join(whole, 'provider-secrets/fcm.json')))];
    config.policies[0].actions.push_firebase_configuration = 'fcm';
    const environment = { MONGODB_URL: 'mongodb://db.example', VPN_API_KEY: 'a-key-of-24-characters-or-more' };
    const checked = await checkConfig(JSON.stringify(config), join(whole, 'config.json'), environment);
    assert.deepEqual((checked.ok ? checked.value.warnings : checked.error).map(problemText), []);
  });

  it('lets the Prometheus operator find the port with the metrics, under the job that alert rules know', () => {
    const { resources } = render(givenWhole());
    const { spec } = serviceMonitor.parse(only(resources, 'ServiceMonitor'));
    const services = resources.filter(({ kind }) => kind === 'Service').map((each) => withPorts.parse(each));
    const chosen = services.filter(({ metadata: { labels } }) =>
      Object.entries(spec.selector.matchLabels).every(([name, value]) => labels[name] === value),
    );
    const [endpoint] = spec.endpoints;
    assert.deepEqual(
      chosen.map((service) => service.spec.ports),
      [[{ name: endpoint.port, targetPort: 'ops' }]],
    );
    assert.equal(endpoint.path, '/metrics');
    const jobs = new Set([...read('deploy/prometheus/alerts.yml').matchAll(/job="([^"]+)"/g)].map(([, job]) => job));
    assert.deepEqual(jobs, new Set([chosen[0]?.metadata.labels[spec.jobLabel]]));
  });

  it('never finds a credential in the repository', () => {
    const ignored = read('.gitignore').split('\n');
    for (const line of [`${folder}/provider-secrets/*`, `!${folder}/provider-secrets/kustomization.yaml`])
      assert.ok(ignored.includes(line));
  });
});
