import { Command } from 'commander';
import { z } from 'zod';
import { loadKinds } from '../../../providers/catalog.ts';
import { actionEntries, configEntries, factsOf, findEntries, type ReferenceEntry } from '../../config/reference/index.ts';
import { type Column, dataOutput, type JsonFlag, printTable } from '../output/index.ts';
import type { Terminal } from '../terminal.ts';

/** The `--json` output: the entries of keys and actions. `default` and `example` are JSON as in a file. */
export const referenceOutput = dataOutput(
  z.object({
    entries: z.array(
      z.object({
        key: z.string(),
        place: z.string(),
        of: z.enum(['configuration', 'policies']),
        description: z.string(),
        type: z.string(),
        unit: z.string().optional(),
        required: z.boolean(),
        default: z.unknown().optional(),
        unset: z.string().optional(),
        scopes: z.array(z.string()).readonly().optional(),
        mounts: z.array(z.string()).readonly().optional(),
        example: z.unknown(),
      }),
    ),
  }),
);

/**
 * `pushgate config reference [KEY]`: describes a configuration key or a policy action, and all keys below it. Without
 * KEY: one line for each.
 */
export function configReferenceCommand(terminal: Terminal): Command {
  return new Command('reference')
    .description('Print what a key of the configuration, or an action of the policies, does. Without KEY: a list of all.')
    .argument('[key]', 'a key such as settings.lockout, its last part, or an action such as push_ttl')
    .addOption(referenceOutput.option())
    .addHelpText('after', '\nExample:\n  npx pushgate config reference settings.lockout')
    .action(async (key: string | undefined, flags: JsonFlag, command: Command) => {
      const all = [...configEntries(await loadKinds()), ...actionEntries()];
      const found = key === undefined ? undefined : findEntries(all, key);
      if (found && !found.ok) return command.error(unknownKey(key, found.error), { exitCode: 2 });
      const entries = found ? found.value : all;
      referenceOutput.print(terminal, flags, { entries }, () => {
        if (found) terminal.out(entries.map(entryText).join('\n\n'));
        else printTable(terminal, entries, columns);
      });
    });
}

const unknownKey = (key: string | undefined, near: string): string =>
  `there is no key or action ${JSON.stringify(key)}; ${near === '' ? 'npx pushgate config reference lists all' : `the nearest name is ${near}`}`;

const entryText = (entry: ReferenceEntry): string =>
  [entry.key, `  ${entry.description}`, ...factsOf(entry).map(({ name, text }) => `  ${name}: ${text}`)].join('\n');

/** One row per entry: its name and the first sentence of its description; of a list of choices, all of it. */
const columns: Column<ReferenceEntry>[] = [
  { head: 'KEY', cell: ({ key }) => key },
  { head: 'DOES', cell: ({ description }) => /^.*?\.(?= |$)/.exec(description)?.[0] ?? description },
];
