import { Command } from 'commander';
import { inspectConfig, loadConfig, problemText } from '../../config/index.ts';
import type { Finding } from '../../edge/dialects/operator/index.ts';
import { openLog } from '../../foundation/telemetry/index.ts';
import { checkGateway, checkPeople, checkProviders, checkRegistrationUrls, checkUserSources } from '../doctor-checks.ts';
import { checkKeyring, checkListenerCertificates, checkOpenFiles, checkWeakModes } from '../doctor-settings.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { configOption, portFor } from './config-option.ts';

const signs: Record<Finding['level'], string> = { fine: 'fine   ', warning: 'warning', failed: 'FAILED ' };

/** `pushgate doctor`: looks at everything that a login needs, and rings no phone. */
export function doctorCommand(terminal: Terminal): Command {
  return new Command('doctor')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate doctor --config config/default.json')
    .action(async ({ config: file }: { config: string }) => {
      let failures = 0;
      const tell = (findings: readonly Finding[]): void => {
        for (const { level, what, detail } of findings) terminal.out(`${signs[level]}  ${what}: ${detail}`);
        failures += findings.filter(({ level }) => level === 'failed').length;
      };
      const problems = await inspectConfig(file, terminal.environment, openLog('silent'));
      tell(
        problems.map((problem) => ({
          level: problem.level === 'error' ? 'failed' : 'warning',
          what: 'config',
          detail: problemText(problem),
        })),
      );
      const loaded = await loadConfig(file, terminal.environment, portFor(file, terminal));
      if (loaded.ok) {
        tell([{ level: 'fine', what: 'config', detail: `${file} can be used` }]);
        tell(checkKeyring(loaded.value, terminal.environment));
        tell(checkOpenFiles(loaded.value));
        tell(await checkGateway(loaded.value, terminal));
        tell(await checkPeople(loaded.value, terminal));
        if (problems.every(({ level }) => level !== 'error')) {
          tell(await checkProviders(loaded.value));
          tell(await checkUserSources(loaded.value));
        }
        tell(checkListenerCertificates(loaded.value));
        tell(await checkRegistrationUrls(loaded.value));
        tell(checkWeakModes(loaded.value));
      }
      if (failures > 0)
        throw new CommandFailed(
          `${failures} ${failures === 1 ? 'thing needs' : 'things need'} attention; what is said above tells what to do.`,
        );
    });
}
