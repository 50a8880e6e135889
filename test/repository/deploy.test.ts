import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../src/cli/index.ts';
import { type Config, checkConfig, problemText } from '../../src/config/index.ts';
import { opsPatterns } from '../../src/edge/http/index.ts';
import { version } from '../../src/foundation/model/index.ts';
import { cleanup } from '../kit/temporary.ts';
import { givenFakesFolder } from './deploy-fakes.ts';
import { composeFile, dashboard, datasource, kubernetesFile, prometheusFile, type Service, yaml, yamlFiles } from './deploy-files.ts';
import { selectorsOf } from './prom-text.ts';

const read = (path: string): string => readFileSync(path, 'utf8');
const dockerfile = read('Dockerfile');
const imageCommand: string[] = JSON.parse(/^CMD (.+)$/m.exec(dockerfile)?.[1] ?? '[]');
const configPath = /^ENV PUSHGATE_CONFIG=(.+)$/m.exec(dockerfile)?.[1] ?? '';
const opsPaths = opsPatterns.map(({ path }) => path);
const environment = { MONGODB_URL: 'mongodb://db.example', VPN_API_KEY: 'a-key-of-24-characters-or-more' };

/** A configuration as a gateway would read it; every problem is a failure, warnings too. */
async function configOf(path: string, text = read(path)): Promise<Config> {
  const checked = await checkConfig(text, path, environment);
  const problems = checked.ok ? checked.value.warnings : checked.error;
  assert.deepEqual(problems.map(problemText), [], path);
  assert.ok(checked.ok);
  return checked.value.config;
}

/** The ports of the listeners that serve this. */
const portsOf = ({ listeners }: Pick<Config, 'listeners'>, serves: string): number[] =>
  listeners.filter(({ mounts }) => mounts.some((mount) => mount.serves === serves)).map(({ address }) => Number(address.split(':').at(-1)));

/** The variables that a configuration reads. */
const variablesOf = (text: string): string[] => [...text.matchAll(/"\$env": *"(\w+)"/g)].map(([, name]) => name ?? '');

/** What a service lets `pushgate` do: the words after the program. */
const wordsOf = ({ command }: Service): string[] =>
  /(?:^|exec )pushgate (.*)$/
    .exec(command.join(' '))?.[1]
    ?.split(' ')
    .filter((word) => word !== '') ?? [];

/** Fails unless there is such a command, with all of these options. */
async function assertCommand(words: readonly string[]): Promise<void> {
  const lines: string[] = [];
  const terminal = {
    out: (line: string) => void lines.push(line),
    err: (line: string) => void lines.push(line),
    environment: {},
    stopRequested: () => Promise.resolve(),
    onReloadRequested: () => () => undefined,
  };
  assert.equal(await runCommand([...words, '--help'], terminal), 0, lines.join('\n'));
  const help = lines.join('\n');
  const named = words.filter((word) => !word.startsWith('-')).slice(0, 1);
  for (const word of [...named, ...words.filter((each) => each.startsWith('--'))]) assert.ok(help.includes(word), `${word}: ${help}`);
}

describe('What is deployed', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('is YAML and JSON that parses', async () => {
    assert.ok(yamlFiles().length > 8);
    for (const file of yamlFiles()) yaml(file);
    for (const file of globSync('deploy/**/*.json')) JSON.parse(read(file));
  });

  it('is configured by files that a start would take', async () => {
    for (const file of ['config/default.json', 'config/mongodb.example.json', 'deploy/kubernetes/config.json']) await configOf(file);
    const [own, mongodb] = ['config/default.json', 'config/mongodb.example.json'].map((file) => JSON.parse(read(file)));
    const but = { store: own.store, listeners: own.listeners };
    assert.deepEqual({ ...mongodb, ...but }, own, 'the example is the default one with another store and a listener for ops');
    assert.deepEqual(mongodb.store, { kind: 'mongodb', url: { $env: 'MONGODB_URL' } });
  });

  it('has a listener for ops alone, where probes may tell what is wrong', async () => {
    for (const file of [
      'config/example.json',
      'config/mongodb.example.json',
      'deploy/compose/config.json',
      'deploy/kubernetes/config.json',
    ]) {
      const { listeners }: Pick<Config, 'listeners'> = JSON.parse(read(file));
      const withOps = listeners.filter(({ mounts }) => mounts.some(({ serves }) => serves === 'ops'));
      assert.deepEqual(
        withOps.map(({ mounts }) => mounts.map(({ serves }) => serves)),
        [['ops']],
        file,
      );
    }
  });
});

describe('What is deployed with compose', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());
  const { services, volumes, networks } = composeFile();
  const gateways = [services['gateway-1'], services['gateway-2']].filter((found) => found !== undefined);
  const ours = Object.values(services).filter(({ image }) => image.startsWith('pushgate:'));
  const text = read('deploy/compose/config.json');
  const config: Config = JSON.parse(text);
  const [opsPorts, loginPorts] = [portsOf(config, 'ops'), portsOf(config, 'privacyidea')];

  it('uses the fakes as the fakes say', async () => {
    const [host, firstPort] = ['fakes', '9440'];
    assert.deepEqual(wordsOf(services.fakes ?? assert.fail()), ['fakes', '--out', '/data', '--host', host, '--port', firstPort]);
    assert.deepEqual(services.fakes?.volumes, ['fakes:/data']);
    const { providers, out, certificate } = await givenFakesFolder(undo, { folder: '/fakes', host, firstPort });
    assert.equal(certificate.checkHost(host), host);
    for (const { default: _default, ...used } of config.providers)
      assert.ok(
        providers.some((said) => isSame(said, used)),
        used.name,
      );
    // and a start takes it, with the files that the fakes wrote
    await configOf('deploy/compose/config.json', text.replaceAll('/fakes/', `${out}/`));
  });

  it('has two gateways with what their configuration names', async () => {
    assert.equal(gateways.length, 2);
    for (const { command, environment: given, volumes: mounts, stop_grace_period: grace = '' } of gateways) {
      assert.deepEqual(command, [], 'the command of the image');
      assert.deepEqual(Object.keys(given), variablesOf(text));
      for (const mount of [`./compose/config.json:${configPath}:ro`, 'keyring:/data:ro', 'fakes:/fakes:ro'])
        assert.ok(mounts.includes(mount));
      const { drainMs } = (await configOf('deploy/kubernetes/config.json')).settings;
      assert.ok(Number.parseInt(grace, 10) * 1000 > drainMs);
      const hosts = /^mongodb:\/\/(.*)\/\?replicaSet=rs0$/.exec(given.MONGODB_URL ?? '')?.[1]?.split(',') ?? [];
      assert.deepEqual(
        hosts,
        ['mongo-1', 'mongo-2', 'mongo-3'].map((name) => `${name}:27017`),
      );
      for (const member of hosts) assert.ok(services[member.split(':')[0] ?? '']?.command.join(' ').includes('--replSet rs0'));
    }
    assert.deepEqual(services.keyring?.volumes, ['keyring:/data']);
    assert.deepEqual([wordsOf(services.keyring).at(-1), config.keyring], ['/data/keyring.json', { $file: '/data/keyring.json' }]);
  });

  it('names only what there is: files, volumes, networks, services, our version', async () => {
    for (const [name, { volumes: mounts, networks: joined, depends_on: needed }] of Object.entries(services)) {
      for (const [source = ''] of mounts.map((mount) => mount.split(':')))
        assert.ok(source.startsWith('./') ? existsSync(join('deploy', source)) : source in volumes, `${name}: ${source}`);
      for (const network of joined) assert.ok(network in networks, `${name}: ${network}`);
      for (const other of Object.keys(needed)) assert.ok(other in services, `${name}: ${other}`);
    }
    assert.equal(ours.length, 4);
    for (const { image, read_only: isReadOnly } of ours) assert.deepEqual([image, isReadOnly], [`pushgate:${version}`, true]);
  });

  it('runs commands that exist, with options that they take', async () => {
    const commands = ours.map(wordsOf).filter((words) => words.length > 0);
    assert.deepEqual(
      commands.map(([name]) => name),
      ['keyring', 'fakes'],
    );
    for (const words of [...commands, imageCommand.slice(1)]) await assertCommand(words);
    await assert.rejects(assertCommand(['fakes', '--elsewhere', 'x']));
    await assert.rejects(assertCommand(['nothing-like-it']));
  });

  it('asks for ports and paths that are served', async () => {
    for (const { healthcheck, ports } of gateways) {
      assert.equal(healthcheck, undefined, 'the health check of the image finds the listener');
      for (const published of ports) assert.match(published, new RegExp(`^127\\.0\\.0\\.1:\\d+:(${loginPorts.join('|')})$`));
    }
    const {
      scrape_configs: [scrape],
      rule_files: rules,
    } = prometheusFile();
    assert.ok(opsPaths.includes(scrape.metrics_path));
    assert.deepEqual(
      scrape.static_configs[0].targets,
      opsPorts.flatMap((port) => [`gateway-1:${port}`, `gateway-2:${port}`]),
    );
    const { volumes: mounts = [] } = services.prometheus ?? {};
    for (const file of rules)
      assert.ok(
        mounts.some((mount) => mount.endsWith(`:${file}:ro`)),
        file,
      );
    assert.ok(new URL(datasource().url).hostname in services);
  });

  it('lets users of the dashboard choose the data source and the gateways, for every panel', () => {
    const { panels, templating } = dashboard();
    assert.deepEqual(
      templating.list.map(({ name, type, query }) => [name, type, query]),
      [
        ['datasource', 'datasource', 'prometheus'],
        ['instance', 'query', `label_values(up{job="${prometheusFile().scrape_configs[0].job_name}"}, instance)`],
      ],
    );
    assert.equal(templating.list[0]?.current.value, datasource().uid);
    for (const { title, datasource: asked, targets } of panels) {
      assert.equal(asked.uid, '$' + '{datasource}', title);
      for (const { expr } of targets) {
        const selectors = selectorsOf(expr).length;
        assert.equal(expr.split('instance=~"$instance"').length - 1, selectors, `${title}: ${expr}`);
      }
    }
  });
});

const clusterConfig = await configOf('deploy/kubernetes/config.json');

describe('What is deployed on Kubernetes', () => {
  const { spec, metadata } = kubernetesFile('deployment.yaml');
  const pod = spec.template.spec;
  const [gateway] = pod.containers;
  const kustomization = kubernetesFile('kustomization.yaml');
  const text = read('deploy/kubernetes/config.json');
  const named = (wanted: string): number | undefined => gateway.ports.find(({ name }) => name === wanted)?.containerPort;
  const mountOf = (path: string): (typeof pod.volumes)[number] | undefined => {
    const mount = gateway.volumeMounts.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
    return pod.volumes.find(({ name }) => name === mount?.name);
  };

  it('is every file of the folder, with our version of the image', async () => {
    const files = globSync('*.yaml', { cwd: 'deploy/kubernetes' }).filter((name) => name !== 'kustomization.yaml');
    assert.deepEqual([...kustomization.resources].sort(), files.sort());
    assert.deepEqual(kustomization.images, [{ name: gateway.image, newTag: version }]);
  });

  it('starts the image as the image is made: its command, its user, a place for its configuration', async () => {
    assert.deepEqual(gateway.command, imageCommand);
    assert.match(dockerfile, /^USER node$/m);
    // The image of Node gives its user "node" this number.
    assert.equal(pod.securityContext.runAsUser, 1000);
    const [generated] = kustomization.configMapGenerator;
    assert.equal(mountOf(configPath)?.configMap?.name, generated?.name);
    assert.deepEqual(
      generated?.files.map((file) => [existsSync(join('deploy/kubernetes', file)), configPath.endsWith(`/${file}`)]),
      [[true, true]],
    );
  });

  it('gives it what its configuration names, out of secrets that the page on operations has made', async () => {
    assert.deepEqual(
      gateway.env.map(({ name }) => name),
      variablesOf(text),
    );
    const keyring = '$file' in clusterConfig.keyring ? clusterConfig.keyring.$file : '';
    const page = read('docs/operations.md');
    for (const { valueFrom } of gateway.env)
      assert.ok(page.includes(`create secret generic ${valueFrom.secretKeyRef.name} --from-literal=${valueFrom.secretKeyRef.key}=`));
    const { secretName } = mountOf(keyring)?.secret ?? assert.fail('the keyring is mounted');
    assert.ok(page.includes(`create secret generic ${secretName} --from-file=${keyring.split('/').at(-1)}\n`));
  });

  it('probes and reaches ports and paths that are served', async () => {
    assert.deepEqual([[named('http')], [named('ops')]], [portsOf(clusterConfig, 'privacyidea'), portsOf(clusterConfig, 'ops')]);
    const probes = [gateway.startupProbe, gateway.livenessProbe, gateway.readinessProbe].map(({ httpGet }) => httpGet);
    assert.deepEqual(
      probes.map(({ path }) => path),
      ['/livez', '/livez', '/readyz'],
    );
    for (const { path, port } of probes) assert.ok(opsPaths.includes(path) && port === 'ops');
    for (const { targetPort } of kubernetesFile('service.yaml').spec.ports) assert.equal(targetPort, 'http');
    const { ingress, egress } = kubernetesFile('network-policy.yaml').spec;
    const open = (rules: readonly Pick<(typeof egress)[number], 'ports'>[]): number[] =>
      rules.flatMap(({ ports }) => ports.map(({ port }) => port));
    assert.deepEqual(open(ingress), [named('http'), named('ops')]);
    for (const port of [53, 27017, 443]) assert.ok(open(egress).includes(port));
  });

  it('knows auth servers by what they show, and trusts no network that pods are in', async () => {
    assert.ok(clusterConfig.authServers.length > 0);
    for (const { name, networks, apiKeys } of clusterConfig.authServers) assert.deepEqual([networks, apiKeys.length > 0], [[], true], name);
    const trusted = clusterConfig.listeners.flatMap(({ trustedProxies }) => trustedProxies);
    for (const network of trusted) assert.ok(Number(network.split('/')[1]) >= 24, `${network} is wider than an ingress`);
    // Every rule names who may come in; the schema of the file has no rule without.
    const [logins] = kubernetesFile('network-policy.yaml').spec.ingress;
    assert.deepEqual(Object.values(logins?.from[0]?.podSelector?.matchLabels ?? {}), ['ingress-nginx']);
  });

  it('waits for what is under way, longer than the gateway does', async () => {
    const pause = Number(gateway.lifecycle.preStop.exec.command.at(-1));
    assert.ok(pod.terminationGracePeriodSeconds > pause + clusterConfig.settings.drainMs / 1000);
  });

  it('speaks of the same pods everywhere', async () => {
    const { labels } = spec.template.metadata;
    const selectors = [
      spec.selector.matchLabels,
      ...pod.topologySpreadConstraints.map(({ labelSelector }) => labelSelector.matchLabels),
      kubernetesFile('service.yaml').spec.selector,
      kubernetesFile('pod-disruption-budget.yaml').spec.selector.matchLabels,
      kubernetesFile('network-policy.yaml').spec.podSelector.matchLabels,
    ];
    for (const selector of selectors) assert.deepEqual(selector, labels);
    const { scaleTargetRef, minReplicas } = kubernetesFile('autoscaler.yaml').spec;
    assert.deepEqual(scaleTargetRef, { apiVersion: 'apps/v1', kind: 'Deployment', name: metadata.name });
    assert.ok(minReplicas >= 2);
    assert.ok(gateway.resources.requests.cpu, 'utilisation is a share of this');
  });
});

/** Whether two values are the same as JSON, whatever the order of their members. */
function isSame(one: unknown, other: unknown): boolean {
  try {
    assert.deepEqual(one, other);
    return true;
  } catch {
    return false;
  }
}
