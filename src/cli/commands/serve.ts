import { statSync } from 'node:fs';
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
      // Opened before the file is read: a change while the gateway starts is not missed.
      const watch = openFileWatch(resolve(file));
      const { config, catalog, folder } = await configFor(file, terminal);
      // The banner is for people and goes to standard output; the log is for machines and goes to standard error.
      const log = openLog(config.settings.logLevel, { write: (line: string) => void process.stderr.write(line) });
      const stop = terminal.stopRequested();
      const gateway = await startGateway({ config, catalog, folder, environment: terminal.environment, clock: Date.now, log });
      const reload = (): void => void gateway.reload(loadConfig(file, terminal.environment));
      const endings = [terminal.onReloadRequested(reload), watch.onChange(reload)];
      terminal.out(banner(gateway, file));
      await stop;
      for (const end of endings) end();
      await gateway.close();
    });
}

const lookEveryMs = 1000;

/** Looks at the file itself, so that a link that is turned to another file counts as a change too. */
function openFileWatch(file: string): { onChange(callback: () => void): () => void } {
  const stamp = (): string | undefined => {
    const found = statSync(file, { throwIfNoEntry: false });
    return found && `${found.ino} ${found.mtimeMs} ${found.size}`;
  };
  let seen = stamp();
  return {
    onChange(callback) {
      const look = (): void => {
        const now = stamp();
        // While an editor writes it anew the file may be gone for a moment.
        if (now === undefined || now === seen) return;
        seen = now;
        callback();
      };
      const timer = setInterval(look, lookEveryMs).unref();
      return () => clearInterval(timer);
    },
  };
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
