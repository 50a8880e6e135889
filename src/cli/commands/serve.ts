import { unwatchFile, watchFile } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { loadConfig } from '../../config/index.ts';
import { version } from '../../foundation/model/index.ts';
import { openLog } from '../../foundation/telemetry/index.ts';
import type { RunningGateway, StartGateway } from '../gateway-runner.ts';
import type { Terminal } from '../terminal.ts';
import { configFor, configOption, defaultConfigFile } from './config-option.ts';

/** `pushgate serve`: runs the gateway until it is asked to stop. */
export function serveCommand(startGateway: StartGateway, terminal: Terminal): Command {
  return new Command('serve')
    .description('Run the gateway until SIGTERM or Ctrl-C. SIGHUP and a change of the file reload its policies and providers.')
    .addOption(configOption())
    .addHelpText('after', '\nExample:\n  npx pushgate serve --config config/default.json')
    .action(async ({ config: file }: { config: string }) => {
      const { config, catalog, folder } = await configFor(file, terminal);
      // The banner is for people and goes to standard output; the log is for machines and goes to standard error.
      const log = openLog(config.settings.logLevel, { write: (line: string) => void process.stderr.write(line) });
      const stop = terminal.stopRequested();
      const gateway = await startGateway({ config, catalog, folder, environment: terminal.environment, clock: Date.now, log });
      const reload = (): void => void gateway.reload(loadConfig(file, terminal.environment));
      const endings = [terminal.onReloadRequested(reload), onFileChanged(resolve(file), reload)];
      terminal.out(banner(gateway, file));
      await stop;
      for (const end of endings) end();
      await gateway.close();
    });
}

const lookEveryMs = 1000;

/** Looks at the file itself, so that a link that is turned to another file counts as a change too. */
function onFileChanged(file: string, callback: () => void): () => void {
  const listener = (now: { mtimeMs: number; ino: number }, before: { mtimeMs: number; ino: number }): void => {
    // While an editor writes it anew the file may be gone for a moment.
    if (now.ino !== 0 && (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino)) callback();
  };
  watchFile(file, { interval: lookEveryMs, persistent: false }, listener);
  return () => unwatchFile(file, listener);
}

function banner({ urls, firstPassword }: RunningGateway, file: string): string {
  const withConfig = file === defaultConfigFile ? '' : ` --config ${file}`;
  const account = ['', '  Administrator: admin', `  Password:      ${firstPassword}   (shown this once, stored hashed)`];
  return [
    `pushgate ${version} listens on ${urls.join(', ')} with ${file}.`,
    ...(firstPassword === undefined ? [] : account),
    '',
    'Next, in a second terminal:',
    `  npx pushgate tokens init --user alice --pin 1234 --qr data/alice.png${withConfig}`,
    '  npx pushgate phone enrol --qr data/alice.png',
    `  npx pushgate login --user alice --pin 1234 --approve${withConfig}`,
    '',
    'Stop with Ctrl-C.',
  ].join('\n');
}
