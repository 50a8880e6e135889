import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { type Config, loadConfig } from '../../config/index.ts';
import { version } from '../../foundation/model/index.ts';
import { openLog } from '../../foundation/telemetry/index.ts';
import { openFileWatch } from '../../gateway/file-watch.ts';
import type { GatewayOptions } from '../../gateway/options.ts';
import { type Ready, serveAsWorker, startWorkers } from '../cluster/index.ts';
import { startIdleCollection } from '../idle-collection.ts';
import type { Terminal } from '../terminal.ts';
import { configFor, configOption, defaultConfigFile } from './config-option.ts';

/** `pushgate serve`: runs the gateway, or several on the same listeners, until it is asked to stop. */
export function serveCommand(terminal: Terminal): Command {
  return new Command('serve')
    .addOption(configOption())
    .addHelpText('after', '\nExample:\n  npx pushgate serve --config config/default.json')
    .action(({ config: file }: { config: string }) => (cluster.isWorker ? work : serve)({ terminal, file }));
}

type Serving = { terminal: Terminal; file: string };

async function serve({ terminal, file }: Serving): Promise<void> {
  // Opened before the file is read: a change while the gateway starts is not missed.
  const watch = openFileWatch(resolve(file));
  const options = await optionsFor(file, terminal);
  const stop = terminal.stopRequested();
  const workers = workersOf(options.config);
  const running =
    workers > 1
      ? await startWorkers({ count: workers, log: options.log, lost: (password) => terminal.out(accountText(password).join('\n')) })
      : await startHere(options, file);
  const endings = [terminal.onReloadRequested(running.reload), watch.onChange(running.reload)];
  terminal.out(banner(running, file));
  await stop;
  for (const end of endings) end();
  await running.close();
}

/** One of several workers: the primary has told the user already what there is to tell, and looks at the file for all. */
function work({ terminal, file }: Serving): Promise<void> {
  return serveAsWorker({
    terminal,
    async start(metrics) {
      const options = await optionsFor(file, { ...terminal, err: () => undefined });
      startIdleCollection(options.log);
      const { startGateway } = await import('../../gateway/start.ts');
      return startGateway({ ...options, metrics, log: options.log.child({ worker: process.pid }) });
    },
    reload: (gateway) => void gateway.reload(loadConfig(file, terminal.environment)),
  });
}

async function startHere(options: GatewayOptions, file: string) {
  const { startGateway } = await import('../../gateway/start.ts');
  const gateway = await startGateway(options);
  startIdleCollection(options.log);
  return { ...gateway, reload: () => void gateway.reload(loadConfig(file, options.environment)) };
}

async function optionsFor(file: string, terminal: Terminal): Promise<GatewayOptions> {
  const { config, catalog, folder } = await configFor(file, terminal);
  // The banner is for people and goes to standard output; the log is for machines and goes to standard error.
  const log = openLog(config.settings.logLevel, { write: (line: string) => void process.stderr.write(line) });
  return { config, catalog, folder, environment: terminal.environment, clock: Date.now, log };
}

const workersOf = ({ cluster: { workers } }: Config): number => (workers === 'all' ? availableParallelism() : workers);

function banner({ urls, firstPassword }: Ready, file: string): string {
  const withConfig = file === defaultConfigFile ? '' : ` --config ${file}`;
  return [
    `pushgate ${version} listens on ${urls.join(', ')} with ${file}.`,
    ...(firstPassword === undefined ? [] : ['', ...accountText(firstPassword)]),
    '',
    'Next, in a second terminal:',
    `  npx pushgate tokens init --user alice --pin 1234 --qr data/alice.png${withConfig}`,
    '  npx pushgate phone enrol --qr data/alice.png',
    `  npx pushgate login --user alice --pin 1234 --approve${withConfig}`,
    '',
    'Stop with Ctrl-C.',
  ].join('\n');
}

const accountText = (password: string): string[] => [
  '  Administrator: admin',
  `  Password:      ${password}   (shown this once, stored hashed)`,
];
