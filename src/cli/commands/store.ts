import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { z } from 'zod';
import type { LoadedConfig } from '../../config/index.ts';
import { keyringOf } from '../../gateway/keyring.ts';
import { openStore } from '../../gateway/open-store.ts';
import { type Counts, copyStore, isSameKeyring } from '../../store/copy.ts';
import { databaseOf } from '../../store/mongodb/config.ts';
import { dataOutput, type JsonFlag, openProgress } from '../output/index.ts';
import { CommandFailed, type Terminal, WrongUsage } from '../terminal.ts';
import { configFor } from './config-option.ts';

/** Copied records, counted by kind. */
const copied = dataOutput(z.object({ copied: z.record(z.string(), z.int()) }));

/** `pushgate store …`: commands about the store as a whole. */
export function storeCommand(terminal: Terminal): Command {
  const store = new Command('store').addHelpText('after', '\nExample:\n  npx pushgate store copy --from embedded.json --to mongodb.json');
  return store.addCommand(
    new Command('copy')
      .description(
        'Copy everything from the store of one configuration to that of another, such as from the embedded store to MongoDB. Stop every gateway ' +
          'on either of them first: an embedded store that is in use is refused, a gateway on MongoDB cannot be seen from here. The target must be ' +
          'empty, or hold what an interrupted copy left: run it again and it completes.',
      )
      .addOption(new Option('--from <file>', 'configuration whose store is read').makeOptionMandatory())
      .addOption(new Option('--to <file>', 'configuration whose store is written').makeOptionMandatory())
      .addOption(copied.option())
      .addHelpText('after', '\nExample:\n  npx pushgate store copy --from embedded.json --to mongodb.json')
      .action(async ({ from, to, json }: JsonFlag & { from: string; to: string }) => {
        const [source, target] = [await configFor(from, terminal), await configFor(to, terminal)];
        check(source, target, terminal);
        const counts = await copy(source, target, terminal);
        copied.print(terminal, { json }, { copied: counts }, () => {
          terminal.out(`Copied ${told(counts)}.`);
          terminal.out(`Next: npx pushgate serve --config ${to}`);
        });
      }),
  );
}

/** Checks that need no open store. */
function check(source: LoadedConfig, target: LoadedConfig, { environment }: Terminal): void {
  if (placeOf(source) === placeOf(target)) throw new WrongUsage('both configurations name the same store. Name another one in --to.');
  const { store } = source.config;
  // Opening it would create it.
  if (store.kind === 'embedded' && !existsSync(placeOf(source)))
    throw new CommandFailed(
      `there is no store ${placeOf(source)} to copy from. Correct store.path in the configuration after --from.`,
      'unavailable',
    );
  if (!isSameKeyring(keyringOf(source, environment), keyringOf(target, environment)))
    throw new CommandFailed(
      'the keyrings of both configurations differ, and the target could not open what the source has sealed. Give both the same keyring.',
      'config',
    );
}

function placeOf({ config: { store }, folder }: LoadedConfig): string {
  if (store.kind === 'embedded') return resolve(folder, store.path);
  const url = store.url.reveal();
  return `${url} ${databaseOf({ ...store, url })}`;
}

async function copy(source: LoadedConfig, target: LoadedConfig, terminal: Terminal): Promise<Counts> {
  const from = await openStore(source);
  try {
    const to = await openStore(target);
    try {
      const progress = openProgress(terminal, undefined, 'records copied');
      const done = await copyStore(from, to, progress.step);
      progress.end();
      if (done.ok) return done.value;
      throw new CommandFailed(why[done.error]);
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

const why = {
  'holds-others':
    'the target holds records that the source does not have, so it is no interrupted copy of it. Nothing was written: empty it, or name another one.',
  differs:
    'the source changed while it was copied, so a gateway still runs on one of the two. Stop it, empty the target, and copy once more.',
} as const;

function told(counts: Counts): string {
  const { token, transaction, counter, 'stock-key': keys, account, 'partition-key': shared, device } = counts;
  return `${token} tokens, ${transaction} transactions, ${account} accounts, ${counter} counters, ${keys} keys of the stock, ${shared} shared keys, ${device} relay devices`;
}
