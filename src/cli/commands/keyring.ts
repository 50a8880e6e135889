import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { changeKeyringFile, createKeyringFile, type Keyring, preparedKeyring, rotatedKeyring } from '../../foundation/keyring/index.ts';
import { keyringFile } from '../../gateway/keyring.ts';
import { keyedKinds, secretKinds, type Unusable } from '../../store/sealed.ts';
import { type Column, dataOutput, type JsonFlag, printTable } from '../output/index.ts';
import { lookAtAll, type Needs, resealAll, type SealedThings, withSealed } from '../sealed-things.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { configFor, configOption } from './config-option.ts';

/** `pushgate keyring …`: the keys that seal every secret in the store. */
export function keyringCommand(terminal: Terminal): Command {
  return new Command('keyring')
    .addHelpText('after', '\nExample:\n  npx pushgate keyring create data/keyring.json\n  npx pushgate keyring rotate')
    .addCommand(createCommand(terminal))
    .addCommand(listCommand(terminal))
    .addCommand(rotateCommand(terminal))
    .addCommand(resealCommand(terminal))
    .addCommand(verifyCommand(terminal));
}

const created = dataOutput(z.object({ file: z.string() }));

function createCommand(terminal: Terminal): Command {
  return new Command('create')
    .description('Make the keyring that all gateways of one MongoDB share. An existing file is never overwritten.')
    .argument('<file>', 'where to write it')
    .addOption(created.option())
    .addHelpText('after', '\nExample:\n  npx pushgate keyring create data/keyring.json')
    .action((file: string, flags: JsonFlag) => {
      const path = resolve(file);
      if (existsSync(path)) throw new CommandFailed(`${path} is there already, and what it sealed can be opened with it alone. Keep it.`);
      createKeyringFile(path, Date.now());
      created.print(terminal, flags, { file: path }, () => {
        terminal.out(`${path}: the keyring, readable for its owner only.`);
        terminal.out(
          'Give it to every gateway, and keep a copy apart from the backups of the store: either is worth nothing without the other.',
        );
      });
    });
}

/** How many stored values need a key. `missing`: the keyring lacks a key that the store needs. */
const Key = z.object({
  id: z.string(),
  createdAt: z.iso.datetime().optional(),
  state: z.enum(['older', 'current', 'waiting', 'missing']),
  secrets: z.int(),
  hashes: z.int(),
  logins: z.int(),
  audit: z.int(),
});
type Key = z.output<typeof Key>;
const listed = dataOutput(z.object({ keys: z.array(Key) }));

type Flags = JsonFlag & { config: string };

function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('List the keys by their ids, and how many things in the store need each of them.')
    .addOption(listed.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate keyring list')
    .action(async ({ config, json }: Flags) =>
      withSealed(await configFor(config, terminal), terminal, async (things) => {
        const { needs } = await lookAtAll(things, keyedKinds, 'count');
        listed.print(terminal, { json }, { keys: keysOf(things.keyring, needs) }, ({ keys }) => {
          printTable(terminal, keys, columns);
          for (const { id, state } of keys)
            if (state === 'older' && !needs.has(id))
              terminal.err(
                `Nothing in the store needs ${id}. It may be taken out of the file by hand; keep it in a backup. See docs/operations.md.`,
              );
        });
      }),
    );
}

const tones = { older: undefined, current: 'good', waiting: 'warning', missing: 'bad' } as const;

const columns: Column<Key>[] = [
  { head: 'KEY', cell: ({ id }) => id },
  { head: 'MADE', cell: ({ createdAt }) => createdAt },
  { head: 'STATE', cell: ({ state }) => state, tone: ({ state }) => tones[state] },
  { head: 'SECRETS', cell: ({ secrets }) => secrets },
  { head: 'HASHES', cell: ({ hashes }) => hashes },
  { head: 'LOGINS', cell: ({ logins }) => logins },
  { head: 'AUDIT', cell: ({ audit }) => audit },
];

/** The keys of the keyring, and other keys that the store needs, each with the number of values that need it. */
function keysOf({ keys }: Keyring, needs: Needs): Key[] {
  const missing = [...needs.keys()].filter((id) => !keys.some((key) => key.id === id));
  const all = [...keys, ...missing.map((id) => ({ id, createdAt: undefined, state: 'missing' as const }))];
  return all.map(({ id, createdAt, state }) => {
    const { secrets, hashes, logins, audit } = needs.get(id) ?? { secrets: 0, hashes: 0, logins: 0, audit: 0 };
    return { id: id || '(none)', createdAt, state, secrets, hashes, logins, audit };
  });
}

const unusableThings = z.array(z.object({ what: z.string(), keyId: z.string(), why: z.enum(['changed', 'key missing']) }));

/**
 * `sealed` secrets use the current key, `older` ones an earlier key. `hashes` use an earlier key until the next correct
 * login.
 */
const Resealed = z.object({ current: z.string(), sealed: z.int(), older: z.int(), hashes: z.int(), unusable: unusableThings });
type Resealed = z.output<typeof Resealed>;
const resealed = dataOutput(Resealed);

/** `state` is the state of the new key. A waiting key does not seal yet. */
const rotated = dataOutput(z.object({ file: z.string(), state: z.enum(['current', 'waiting']), resealed: Resealed.optional() }));

type RotateWish = Flags & { atOnce?: true; file?: string };

function rotateCommand(terminal: Terminal): Command {
  return new Command('rotate')
    .description(
      'Add a new key to the keyring, and seal every secret in the store with it. MongoDB needs two calls: the first adds a key that waits, and the second one ' +
        'puts it in use when every gateway has that file. Older keys stay, since they still open what they sealed.',
    )
    .option('--at-once', 'with MongoDB: do it in one call, because every gateway reads this very file')
    .option('--file <file>', 'change only this keyring file, in two calls; for a keyring that gateways elsewhere use')
    .addOption(rotated.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate keyring rotate\n  npx pushgate keyring rotate --file keyring.json')
    .action(async (wish: RotateWish) =>
      wish.file === undefined ? rotate(terminal, wish) : rotateFile(terminal, wish, resolve(wish.file)),
    );
}

async function rotate(terminal: Terminal, { config, atOnce, json }: RotateWish): Promise<void> {
  const loaded = await configFor(config, terminal);
  const file = keyringFile(loaded);
  if (file === undefined)
    throw new CommandFailed(
      'the keyring is in a variable. Write it into a file, use rotate --file with that, and put its text into the variable.',
      'config',
    );
  await withSealed(loaded, terminal, async (things) => {
    // Checks that the store can be reached before anything changes.
    await lookAtAll(things, ['partition-key'], 'count');
    const isTogether = loaded.config.store.kind === 'embedded' || atOnce === true;
    const isUsed = change(file, isTogether ? 'use' : 'next');
    // Printed before the store is sealed anew: from now on the keyring needs a new backup.
    if (!json) tellChange(terminal, file, isUsed);
    if (!isUsed) return rotated.print(terminal, { json }, { file, state: 'waiting' }, () => undefined);
    const taken = things.keyring.refresh();
    if (!taken.ok) throw new CommandFailed(taken.error, 'config');
    const result = await reseal(terminal, things);
    rotated.print(terminal, { json }, { file, state: 'current', resealed: result }, () => tellResealed(terminal, result));
    demandResealed(result);
  });
}

function rotateFile(terminal: Terminal, flags: JsonFlag, file: string): void {
  if (!existsSync(file))
    throw new CommandFailed(`there is no keyring ${file}. Name another file, or make one with: npx pushgate keyring create FILE`);
  const isUsed = change(file, 'next');
  rotated.print(terminal, flags, { file, state: isUsed ? 'current' : 'waiting' }, () => {
    tellChange(terminal, file, isUsed);
    if (isUsed) terminal.out('Give the file to every gateway, and seal the store by it with: npx pushgate keyring reseal');
  });
}

/** Adds a new key and uses it; with `next`, does the next of the two steps. Returns true if the key in use changed. */
function change(file: string, how: 'use' | 'next'): boolean {
  let isUsed = true;
  changeKeyringFile(file, (text) => {
    const prepared = preparedKeyring(text, Date.now());
    isUsed = how === 'use' || prepared === text;
    return isUsed ? rotatedKeyring(text, Date.now()) : prepared;
  });
  return isUsed;
}

function tellChange(terminal: Terminal, file: string, isUsed: boolean): void {
  if (isUsed) {
    terminal.out(`${file} has a new key in use. BACK IT UP now, apart from the store.`);
    return;
  }
  terminal.out(`${file} has a fresh key that waits. BACK IT UP now, apart from the store.`);
  terminal.out('1. Copy the file to every gateway; a gateway takes it over within a second.');
  terminal.out('2. When all have it, run the same command again: it puts the key in use. Copy the file to every gateway once more.');
}

function resealCommand(terminal: Terminal): Command {
  return new Command('reseal')
    .description('Seal with the current key whatever older keys have sealed. It completes a rotation that was interrupted.')
    .addOption(resealed.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate keyring reseal')
    .action(async ({ config, json }: Flags) =>
      withSealed(await configFor(config, terminal), terminal, async (things) => {
        const result = await reseal(terminal, things);
        resealed.print(terminal, { json }, result, () => tellResealed(terminal, result));
        demandResealed(result);
      }),
    );
}

async function reseal(terminal: Terminal, things: SealedThings): Promise<Resealed> {
  const unusable = await resealAll(things, terminal);
  const { needs } = await lookAtAll(things, [...secretKinds, 'account'], 'count');
  const current = things.keyring.currentKeyId;
  const left = [...needs].filter(([keyId]) => things.keyring.isOlder(keyId)).map(([, each]) => each);
  const sum = (of: 'secrets' | 'hashes'): number => left.reduce((so, each) => so + each[of], 0);
  return { current, sealed: needs.get(current)?.secrets ?? 0, older: sum('secrets'), hashes: sum('hashes'), unusable };
}

function tellResealed(terminal: Terminal, { current, sealed, older, hashes, unusable }: Resealed): void {
  terminal.out(`${sealed} secrets are sealed by ${current}, ${older} by older keys.`);
  if (hashes > 0)
    terminal.out(`${hashes} PINs and passwords are hashed with older keys: each is hashed anew at its next right login. Keep those keys.`);
  tellUnusable(terminal, unusable);
}

function demandResealed({ unusable, older }: Resealed): void {
  demandUsable(unusable);
  if (older > 0)
    throw new CommandFailed('gateways still seal with another key. Give all of them this keyring, then: npx pushgate keyring reseal');
}

const verified = dataOutput(z.object({ ok: z.boolean(), keys: z.array(Key), unusable: unusableThings }));

function verifyCommand(terminal: Terminal): Command {
  return new Command('verify')
    .description(
      'Try to open every secret in the store, and name each one that does not open and each key that is missing. No secret is shown or changed.',
    )
    .addOption(verified.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate keyring verify')
    .action(async ({ config, json }: Flags) =>
      withSealed(await configFor(config, terminal), terminal, async (things) => {
        const { needs, unusable } = await lookAtAll(things, keyedKinds, 'open');
        const keys = keysOf(things.keyring, needs);
        const missing = keys.filter(({ state }) => state === 'missing').map(({ id }) => id);
        const isFine = unusable.length === 0 && missing.length === 0;
        verified.print(terminal, { json }, { ok: isFine, keys, unusable }, () => {
          printTable(terminal, keys, columns);
          tellUnusable(terminal, unusable);
          if (isFine) terminal.out('Every secret opens, and no key is missing.');
        });
        demandUsable(unusable);
        if (!isFine)
          throw new CommandFailed(`the audit or a login needs keys that the keyring lacks: ${missing.join(', ')}. Put them back.`);
      }),
    );
}

function tellUnusable(terminal: Terminal, unusable: readonly Unusable[]): void {
  for (const { what, keyId, why } of unusable)
    terminal.out(
      why === 'changed' ? `${what}: does not open, it was changed` : `${what}: needs the key ${keyId || '(none)'}, which is missing`,
    );
}

function demandUsable(unusable: readonly Unusable[]): void {
  if (unusable.length === 0) return;
  throw new CommandFailed(
    `${unusable.length} secrets or hashes cannot be used. Put the missing keys back from a backup of the keyring; what was changed comes from a backup of the store.`,
  );
}
