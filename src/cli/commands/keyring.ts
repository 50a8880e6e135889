import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { changeKeyringFile, createKeyringFile, type Keyring, preparedKeyring, rotatedKeyring } from '../../foundation/keyring/index.ts';
import { keyringFile } from '../../gateway/keyring.ts';
import { keyedKinds, secretKinds, type Unusable } from '../../store/sealed.ts';
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

function createCommand(terminal: Terminal): Command {
  return new Command('create')
    .description('Make the keyring that all gateways of one MongoDB share. A file that is there is never overwritten.')
    .argument('<file>', 'where to write it')
    .addHelpText('after', '\nExample:\n  npx pushgate keyring create data/keyring.json')
    .action((file: string) => {
      const path = resolve(file);
      if (existsSync(path)) throw new CommandFailed(`${path} is there already, and what it sealed can be opened with it alone. Keep it.`);
      createKeyringFile(path, Date.now());
      terminal.out(`${path}: the keyring, readable for its owner only.`);
      terminal.out(
        'Give it to every gateway, and keep a copy apart from the backups of the store: either is worth nothing without the other.',
      );
    });
}

function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('List the keys, and how many things in the store need each of them. No key is shown.')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate keyring list')
    .action(async ({ config }: { config: string }) =>
      withSealed(await configFor(config, terminal), terminal, async (things) => {
        const { needs } = await lookAtAll(things, keyedKinds, 'count');
        for (const line of linesOf(things.keyring, needs)) terminal.out(line);
        for (const { id, state } of things.keyring.keys)
          if (state === 'older' && !needs.has(id))
            terminal.out(
              `Nothing in the store needs ${id}. It may be taken out of the file by hand; keep it in a backup. See docs/operations.md.`,
            );
      }),
    );
}

const widths = [34, 26, 9, 9, 9, 9] as const;

function linesOf({ keys }: Keyring, needs: Needs): string[] {
  const row = (...cells: (string | number)[]): string =>
    cells
      .map((cell, index) => String(cell).padEnd(widths[index] ?? 0))
      .join('')
      .trimEnd();
  const counts = (id: string) => needs.get(id) ?? { secrets: 0, hashes: 0, logins: 0, audit: 0 };
  const missing = [...needs.keys()].filter((id) => !keys.some((key) => key.id === id));
  return [
    row('key', 'made', 'state', 'secrets', 'hashes', 'logins', 'audit'),
    ...[...keys, ...missing.map((id) => ({ id: id || '(none)', createdAt: '', state: 'MISSING' }))].map(({ id, createdAt, state }) => {
      const { secrets, hashes, logins, audit } = counts(id);
      return row(id, createdAt, state, secrets, hashes, logins, audit);
    }),
  ];
}

type RotateWish = { config: string; atOnce?: true; file?: string };

function rotateCommand(terminal: Terminal): Command {
  return new Command('rotate')
    .description(
      'Add a fresh key to the keyring and seal every secret in the store by it. With MongoDB in two steps: the first call adds a key that waits, and when every ' +
        'gateway has that file the second one puts it in use. Older keys stay: they still open what they sealed.',
    )
    .option('--at-once', 'with MongoDB in one step: every gateway reads this very file')
    .option('--file <file>', 'change this keyring file alone, in two steps, such as the one behind a secret of a cluster')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate keyring rotate\n  npx pushgate keyring rotate --file keyring.json')
    .action(async (wish: RotateWish) => (wish.file === undefined ? rotate(terminal, wish) : rotateFile(terminal, resolve(wish.file))));
}

async function rotate(terminal: Terminal, { config, atOnce }: RotateWish): Promise<void> {
  const loaded = await configFor(config, terminal);
  const path = keyringFile(loaded);
  if (path === undefined)
    throw new CommandFailed(
      'the keyring is in a variable. Write it into a file, use rotate --file with that, and put its text into the variable.',
    );
  await withSealed(loaded, terminal, async (things) => {
    // Whether the store can be reached, before anything changes.
    await lookAtAll(things, ['partition-key'], 'count');
    const isTogether = loaded.config.store.kind === 'embedded' || atOnce === true;
    if (!change(terminal, path, isTogether ? 'use' : 'next')) return;
    const taken = things.keyring.refresh();
    if (!taken.ok) throw new CommandFailed(taken.error);
    await reseal(terminal, things);
  });
}

function rotateFile(terminal: Terminal, path: string): void {
  if (!existsSync(path))
    throw new CommandFailed(`there is no keyring ${path}. Name another file, or make one with: npx pushgate keyring create FILE`);
  if (change(terminal, path, 'next'))
    terminal.out('Give the file to every gateway, and seal the store by it with: npx pushgate keyring reseal');
}

/** Puts a fresh key in use, or with `next` takes the next of the two steps; true where there is a key in use that was not before. */
function change(terminal: Terminal, path: string, how: 'use' | 'next'): boolean {
  let isUsed = true;
  changeKeyringFile(path, (text) => {
    const prepared = preparedKeyring(text, Date.now());
    isUsed = how === 'use' || prepared === text;
    return isUsed ? rotatedKeyring(text, Date.now()) : prepared;
  });
  if (isUsed) terminal.out(`${path} has a new key in use. BACK IT UP now, apart from the store.`);
  else {
    terminal.out(`${path} has a fresh key that waits. BACK IT UP now, apart from the store.`);
    terminal.out('1. Copy the file to every gateway; a gateway takes it over within a second.');
    terminal.out('2. When all have it, run the same command again: it puts the key in use. Copy the file to every gateway once more.');
  }
  return isUsed;
}

function resealCommand(terminal: Terminal): Command {
  return new Command('reseal')
    .description('Seal by the current key what older ones have sealed: what a rotation does, to go on with one that was cut off.')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate keyring reseal')
    .action(async ({ config }: { config: string }) =>
      withSealed(await configFor(config, terminal), terminal, (things) => reseal(terminal, things)),
    );
}

async function reseal(terminal: Terminal, things: SealedThings): Promise<void> {
  const shut = await resealAll(things, terminal);
  const { needs } = await lookAtAll(things, [...secretKinds, 'account'], 'count');
  const current = things.keyring.currentKeyId;
  const left = [...needs].filter(([keyId]) => things.keyring.isOlder(keyId)).map(([, each]) => each);
  const sum = (of: 'secrets' | 'hashes'): number => left.reduce((so, each) => so + each[of], 0);
  terminal.out(`${needs.get(current)?.secrets ?? 0} secrets are sealed by ${current}, ${sum('secrets')} by older keys.`);
  if (sum('hashes') > 0)
    terminal.out(
      `${sum('hashes')} PINs and passwords are hashed with older keys: each is hashed anew at its next right login. Keep those keys.`,
    );
  if (shut.length > 0) throw unusableOf(terminal, shut);
  if (sum('secrets') > 0)
    throw new CommandFailed('gateways still seal with another key. Give all of them this keyring, then: npx pushgate keyring reseal');
}

function verifyCommand(terminal: Terminal): Command {
  return new Command('verify')
    .description(
      'Open every secret in the store, and tell which cannot be opened and which key is missing. Nothing is shown or changed; fails where something is amiss.',
    )
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate keyring verify')
    .action(async ({ config }: { config: string }) =>
      withSealed(await configFor(config, terminal), terminal, async (things) => {
        const { needs, unusable } = await lookAtAll(things, keyedKinds, 'open');
        for (const line of linesOf(things.keyring, needs)) terminal.out(line);
        const known = things.keyring.keyIds;
        const missing = [...needs.keys()].filter((id) => !known.includes(id));
        if (unusable.length > 0) throw unusableOf(terminal, unusable);
        if (missing.length > 0)
          throw new CommandFailed(`the audit or a login needs keys that the keyring lacks: ${missing.join(', ')}. Put them back.`);
        terminal.out('Every secret opens, and no key is missing.');
      }),
    );
}

/** Names each of them, and what to do. */
function unusableOf(terminal: Terminal, unusable: readonly Unusable[]): CommandFailed {
  for (const { what, keyId, why } of unusable)
    terminal.out(
      why === 'changed' ? `${what}: does not open, it was changed` : `${what}: needs the key ${keyId || '(none)'}, which is missing`,
    );
  return new CommandFailed(
    `${unusable.length} secrets or hashes cannot be used. Put the missing keys back from a backup of the keyring; what was changed comes from a backup of the store.`,
  );
}
