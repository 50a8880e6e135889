import { Command } from 'commander';
import { z } from 'zod';
import { loadKinds } from '../../../providers/catalog.ts';
import { actionEntries, configEntries, factsOf, findEntries, type ReferenceEntry } from '../../config/reference/index.ts';
import type { Terminal } from '../terminal.ts';

/** What `--json` prints: the entries of keys and actions. `default` and `example` are JSON as a file has it. */
export const referenceOutput = z.object({
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
});

/** `pushgate config reference [KEY]`: prints what a key of the configuration or an action of the policies does, and all keys below it; without KEY, one line for each. */
export function configReferenceCommand(terminal: Terminal): Command {
  return new Command('reference')
    .description('Print what a key of the configuration, or an action of the policies, does. Without KEY: a list of all.')
    .argument('[key]', 'a key such as settings.lockout, its last part, or an action such as push_ttl')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  npx pushgate config reference settings.lockout')
    .action(async (key: string | undefined, { json }: { json?: true }, command: Command) => {
      const all = [...configEntries(await loadKinds()), ...actionEntries()];
      const found = key === undefined ? undefined : findEntries(all, key);
      if (found && !found.ok) return command.error(unknownKey(key, found.error), { exitCode: 2 });
      const entries = found ? found.value : all;
      if (json) terminal.out(JSON.stringify(referenceOutput.parse({ entries }), null, 2));
      else if (found) terminal.out(entries.map(entryText).join('\n\n'));
      else for (const line of overview(entries)) terminal.out(line);
    });
}

const unknownKey = (key: string | undefined, near: string): string =>
  `there is no key or action ${JSON.stringify(key)}; ${near === '' ? 'npx pushgate config reference lists all' : `the nearest name is ${near}`}`;

/** One entry in a few lines. */
const entryText = (entry: ReferenceEntry): string =>
  [entry.key, `  ${entry.description}`, ...factsOf(entry).map(({ name, text }) => `  ${name}: ${text}`)].join('\n');

/** A line for each entry: its name and the first sentence. */
function overview(entries: readonly ReferenceEntry[]): string[] {
  const rows = [['KEY', 'DOES'], ...entries.map(({ key, description }) => [key, /^.*?[.:](?= |$)/.exec(description)?.[0] ?? description])];
  const width = Math.max(...rows.map(([key = '']) => key.length));
  return rows.map(([key = '', text = '']) => `${key.padEnd(width)}  ${text}`);
}
