import cluster from 'node:cluster';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { loadConfig, workersOf } from '../../config/index.ts';
import { poolThreads } from '../../foundation/crypto/index.ts';
import { version } from '../../foundation/model/index.ts';
import { openLog } from '../../foundation/telemetry/index.ts';
import { openFileWatch } from '../../gateway/file-watch.ts';
import type { GatewayOptions } from '../../gateway/options.ts';
import type { Gateway } from '../../gateway/start.ts';
import { type Ready, serveAsWorker, startWorkers } from '../cluster/index.ts';
import { startIdleCollection } from '../idle-collection.ts';
import { lineWriter } from '../line-writer.ts';
import type { Terminal } from '../terminal.ts';
import { configFor, configOption, defaultConfigFile, portFor } from './config-option.ts';

/** `pushgate serve`: runs the gateway, or several on the same listeners, until it is stopped. */
export function serveCommand(terminal: Terminal): Command {
  return new Command('serve')
    .addOption(configOption(terminal))
    .option('--port <port>', 'another port for the first listener; URLs of the file that lead to that listener change with it')
    .option('--new-store', 'start with an empty store, although the keyring has sealed another one before')
    .addHelpText('after', `\nThe variable PORT has the same effect as --port for all commands, but only with ${defaultConfigFile}.`)
    .addHelpText('after', '\nExample:\n  npx pushgate serve --config config/default.json\n  npx pushgate serve --port 9000')
    .action(({ config: file, port, newStore }: { config: string; port?: string; newStore?: true }) =>
      (cluster.isWorker ? work : serve)({ terminal, file, port: portFor(file, terminal, port), newStore }),
    );
}

/** `port` replaces the port of the first listener. */
type Serving = { terminal: Terminal; file: string; port: number | undefined; newStore: true | undefined };

async function serve(serving: Serving): Promise<void> {
  const { terminal, file } = serving;
  // Node reads it when its thread pool gets the first work; workers inherit it.
  process.env.UV_THREADPOOL_SIZE ??= String(poolThreads);
  // Opened before the file is read, so that a change during the start is noticed.
  const watch = openFileWatch(() => [resolve(file)]);
  const options = await optionsFor(serving);
  const stop = terminal.stopRequested();
  const workers = workersOf(options.config);
  const running =
    workers > 1
      ? await startWorkers({ count: workers, log: options.log, lost: (password) => terminal.out(accountText(password).join('\n')) })
      : await startHere(options, serving);
  const endings = [terminal.onReloadRequested(running.reload), watch.onChange(running.reload)];
  terminal.out(banner(running, serving));
  await stop;
  for (const end of endings) end();
  await running.close();
}

/** One of several workers. The primary prints the messages for the user and watches the file for all workers. */
function work(serving: Serving): Promise<void> {
  const { terminal } = serving;
  return serveAsWorker({
    terminal,
    async start(metrics) {
      const options = await optionsFor({ ...serving, terminal: { ...terminal, err: () => undefined } });
      startIdleCollection(options.log);
      const { startGateway } = await import('../../gateway/start.ts');
      return renewing(await startGateway({ ...options, metrics, log: options.log.child({ worker: process.pid }) }), serving);
    },
    reload: (gateway) => reloadOf(gateway, serving)(),
  });
}

async function startHere(options: GatewayOptions, serving: Serving) {
  const { startGateway } = await import('../../gateway/start.ts');
  const gateway = renewing(await startGateway(options), serving);
  startIdleCollection(options.log);
  return { ...gateway, reload: reloadOf(gateway, serving) };
}

const reloadOf =
  (gateway: Pick<Gateway, 'reload'>, { terminal, file, port }: Serving) =>
  (): void =>
    void gateway.reload(loadConfig(file, terminal.environment, port));

/**
 * Makes the gateway read its configuration again when a file with a secret or a certificate changes, until it is
 * closed.
 */
function renewing(gateway: Gateway, serving: Serving): Gateway {
  const stop = openFileWatch(gateway.files).onChange(reloadOf(gateway, serving));
  return {
    ...gateway,
    async close() {
      stop();
      await gateway.close();
    },
  };
}

async function optionsFor({ terminal, file, port, newStore }: Serving): Promise<GatewayOptions> {
  const { config, catalog, folder, files } = await configFor(file, terminal, port);
  // The banner is for people: standard output. The log is for machines: standard error.
  const log = openLog(config.settings.logLevel, lineWriter(process.stderr));
  return { config, catalog, folder, files, environment: terminal.environment, clock: Date.now, log, newStore };
}

function banner({ urls, firstPassword }: Ready, serving: Serving): string {
  const { file } = serving;
  return [
    `pushgate ${version} listens on ${urls.join(', ')} with ${file}.`,
    ...(firstPassword === undefined ? [] : ['', ...accountText(firstPassword)]),
    '',
    ...nextSteps(serving),
    '',
    'Stop with Ctrl-C.',
  ].join('\n');
}

function nextSteps({ file, port }: Serving): string[] {
  const isDefault = file === defaultConfigFile;
  if (port !== undefined && !isDefault)
    return [`The other commands look for the gateway where ${file} says: write port ${port} there to use them.`];
  const [before, after] = [port === undefined ? '' : `PORT=${port} `, isDefault ? '' : ` --config ${file}`];
  return [
    'Next, in a second terminal:',
    `  ${before}npx pushgate tokens init --user alice --pin 1234 --qr data/alice.png${after}`,
    '  npx pushgate phone enrol --qr data/alice.png',
    `  ${before}npx pushgate login --user alice --pin 1234 --approve${after}`,
  ];
}

const accountText = (password: string): string[] => [
  '  Administrator: admin',
  `  Password:      ${password}   (shown this once, stored hashed)`,
];
