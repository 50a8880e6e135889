import { Command } from 'commander';
import { z } from 'zod';
import { inspectConfig, loadConfig, problemText } from '../../config/index.ts';
import type { Finding } from '../../edge/dialects/operator/index.ts';
import { openLog } from '../../foundation/telemetry/index.ts';
import {
  askGateway,
  checkGateway,
  checkKeycloaks,
  checkPeople,
  checkProviders,
  checkRegistrationUrls,
  checkUserSources,
} from '../doctor-checks.ts';
import { checkKeyring, checkListenerCertificates, checkOpenFiles, checkWeakModes } from '../doctor-settings.ts';
import { gatewayFor, localGateway } from '../gateway-address.ts';
import { coloured, dataOutput, type JsonFlag } from '../output/index.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { configOption, portFor } from './config-option.ts';

const signs: Record<Finding['level'], string> = { fine: 'fine   ', warning: 'warning', failed: 'FAILED ' };
const tones = { fine: 'good', warning: 'warning', failed: 'bad' } as const;

const examined = dataOutput(
  z.object({
    ok: z.boolean(),
    findings: z.array(z.object({ level: z.enum(['fine', 'warning', 'failed']), what: z.string(), detail: z.string() })),
  }),
);

/** `pushgate doctor`: checks everything that a login needs, without a push to a phone. */
export function doctorCommand(terminal: Terminal): Command {
  return new Command('doctor')
    .addOption(examined.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate doctor --config config/default.json')
    .action(async ({ config: file, json }: JsonFlag & { config: string }) => {
      const all: Finding[] = [];
      const tell: Tell = (findings) => {
        all.push(...findings);
        if (json) return;
        for (const { level, what, detail } of findings)
          terminal.out(`${coloured(terminal, tones[level], signs[level])}  ${what}: ${detail}`);
      };
      await (terminal.remote ? examineThere(file, terminal, tell) : examineHere(file, terminal, tell));
      const failures = all.filter(({ level }) => level === 'failed').length;
      examined.print(terminal, { json }, { ok: failures === 0, findings: all }, () => undefined);
      if (failures > 0)
        throw new CommandFailed(
          `${failures} ${failures === 1 ? 'thing needs' : 'things need'} attention; what is said above tells what to do.`,
        );
    });
}

type Tell = (findings: readonly Finding[]) => void;

/** Asks a gateway on another machine for its own findings. Its configuration and files cannot be read from here. */
async function examineThere(file: string, terminal: Terminal, tell: Tell): Promise<void> {
  const address = await gatewayFor(file, terminal);
  tell(await askGateway(address));
  tell(await checkPeople(address));
}

async function examineHere(file: string, terminal: Terminal, tell: Tell): Promise<void> {
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
    tell(await checkPeople(localGateway(loaded.value, terminal)));
    if (problems.every(({ level }) => level !== 'error')) {
      tell(await checkProviders(loaded.value));
      tell(await checkUserSources(loaded.value));
    }
    tell(checkListenerCertificates(loaded.value));
    tell(await checkKeycloaks(loaded.value));
    tell(await checkRegistrationUrls(loaded.value));
    tell(checkWeakModes(loaded.value));
  }
}
