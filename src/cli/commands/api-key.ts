import { Command } from 'commander';
import { z } from 'zod';
import { hashedApiKey, makeApiKey } from '../../edge/access/api-key-form.ts';
import { dataOutput, type JsonFlag } from '../output/index.ts';
import type { Terminal } from '../terminal.ts';

const made = dataOutput(z.object({ apiKey: z.string(), configuration: z.string() }));

/** `pushgate api-key …`: API keys of auth servers. Needs no gateway and no configuration. */
export function apiKeyCommand(terminal: Terminal): Command {
  return new Command('api-key').addHelpText('after', '\nExample:\n  npx pushgate api-key make').addCommand(
    new Command('make')
      .description(
        'Print a new API key, and the line for apiKeys of its auth server. The line is a hash, so that the configuration need not hold the key.',
      )
      .addOption(made.option())
      .addHelpText('after', '\nExample:\n  npx pushgate api-key make --json')
      .action((flags: JsonFlag) => {
        const apiKey = makeApiKey();
        const shown = { apiKey, configuration: hashedApiKey(apiKey) };
        made.print(terminal, flags, shown, () => {
          terminal.out(shown.apiKey);
          terminal.out(shown.configuration);
        });
      }),
  );
}
