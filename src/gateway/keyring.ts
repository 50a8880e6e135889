import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Environment, type LoadedConfig, readSecret } from '../config/index.ts';
import type { EngineParts } from '../engine/index.ts';
import {
  changeKeyringFile,
  createKeyringFile,
  isNoteOf,
  type Keyring,
  newStoreNote,
  openKeyring,
  storeNoteId,
  usedKeyring,
} from '../foundation/keyring/index.ts';
import { GatewayFault, ok, type Result, refused, type Tell } from '../foundation/model/index.ts';
import { jsonText } from '../foundation/settings/index.ts';
import { allRecords } from '../store/copy.ts';
import type { Store } from '../store/store.ts';
import { fileStamp, openFileWatch } from './file-watch.ts';
import { embeddedFile } from './open-store.ts';
import type { GatewayOptions } from './options.ts';

/**
 * Makes the keyring of an embedded store that does not exist yet. Refuses, without changing anything, when the store
 * exists without its keyring, or the keyring without its store.
 */
export function makeKeyringForFile(options: GatewayOptions): void {
  const path = missingFile(options);
  const store = embeddedFile(options);
  if (store === undefined) return;
  if (path === undefined) {
    if (!existsSync(store)) refuseNewStore(options, keyringOf(options, options.environment));
    return;
  }
  if (existsSync(store))
    throw new GatewayFault('config-invalid', `The keyring ${path} is missing, but ${store} was sealed with it. Put the keyring back.`);
  createKeyringFile(path, options.clock());
}

/**
 * Makes the keyring of an empty database. Refuses for a database with data, because only its own keyring can open them.
 */
export async function makeKeyringForDatabase(options: GatewayOptions, store: Store): Promise<void> {
  const path = missingFile(options);
  if (path === undefined || options.config.store.kind !== 'mongodb') return;
  const isEmpty = (await allRecords(store).next()).done === true;
  // Checked again, because another start with the same file makes it before it writes anything else.
  if (existsSync(path)) return;
  if (!isEmpty)
    throw new GatewayFault(
      'config-invalid',
      `The keyring ${path} is missing, but the database has data. Put back its own keyring, which all its gateways share.`,
    );
  makeOrFind(path, options.clock());
  options.log.warn({ keyring: path }, 'made a new keyring: BACK IT UP, and give the same file to every gateway of this database');
}

type Place = Pick<LoadedConfig, 'config' | 'folder'>;

/** The file of a keyring; undefined when the keyring is not a file. */
export const keyringFile = ({ config: { keyring }, folder }: Place): string | undefined =>
  '$file' in keyring ? resolve(folder, keyring.$file) : undefined;

/**
 * Opens the keyring of a configuration, or says what is missing. It follows changes of its file. Throws
 * `config-invalid` when it cannot be read.
 */
export function readKeyring(place: Place, environment: Environment): Result<Keyring, string> {
  const path = keyringFile(place);
  const read = (): Result<string, string> => {
    const found = readSecret(place.config.keyring, { folder: place.folder, environment });
    return 'missing' in found ? refused(found.missing) : ok(jsonText(found.text));
  };
  let seen = path && fileStamp(path);
  const reread = (): Result<string | undefined, string> => {
    const now = path && fileStamp(path);
    if (now === undefined || now === seen) return ok(undefined);
    seen = now;
    return read();
  };
  const text = read();
  return text.ok ? ok(openKeyring(text.value, reread)) : text;
}

/** The same, but also throws `config-invalid` when the keyring is missing. */
export function keyringOf(place: Place, environment: Environment): Keyring {
  const read = readKeyring(place, environment);
  if (read.ok) return read.value;
  const forNew = place.config.store.kind === 'mongodb' ? '. For a new database make one with: npx pushgate keyring create FILE' : '';
  throw new GatewayFault('config-invalid', `keyring: ${read.error}${forNew}`);
}

/**
 * Follows changes of the keyring's file, and reports them; an invalid file changes nothing. Returns a function that
 * stops it.
 */
export function followKeyring(place: Place, keyring: Keyring, tell: Tell): () => void {
  const path = keyringFile(place);
  if (path === undefined) return () => undefined;
  return openFileWatch(() => [path]).onChange(() => {
    const taken = keyring.refresh();
    if (taken.ok) tell({ kind: 'configuration-reloaded', part: 'keyring', restart: [] });
    else tell({ kind: 'configuration-refused', problems: [taken.error] });
  });
}

/**
 * Refuses a start with an empty store and a keyring that has already sealed one: most likely the store was lost or
 * moved, and a gateway with an empty one would know no phone. With `newStore` it starts anyway.
 * @see docs/decisions/keyring-at-first-start.md
 */
export async function refuseLostStore(options: GatewayOptions, { store, keyring }: { store: Store; keyring: Keyring }): Promise<void> {
  if (keyring.usedSince !== undefined && (await isNew(store))) refuseNewStore(options, keyring);
}

/** Whether a store is unused. Counters and events that other gateways wrote to it do not count as use. */
async function isNew(store: Store): Promise<boolean> {
  if ((await store.findPartitionKey(storeNoteId)) !== undefined || (await store.listAccounts()).length > 0) return false;
  return (await store.recordsOf('token', undefined, 1)).length === 0;
}

function refuseNewStore(options: GatewayOptions, { usedSince }: Keyring): void {
  if (usedSince === undefined || options.newStore) return;
  const where = embeddedFile(options) ?? 'the database';
  throw new GatewayFault(
    'config-invalid',
    `The store is empty (${where}), but the keyring has been in use since ${usedSince}: the store was lost or moved, or the configuration names the wrong ` +
      'place. Put it back, or correct the configuration. To start with a new store: npx pushgate serve --new-store',
  );
}

/**
 * Records once in the store which keyring it belongs to, before any other write. Throws for a store that belongs to
 * another keyring, because neither could open what the other sealed.
 * @see docs/decisions/keyring-at-first-start.md
 */
export async function claimStore(parts: Pick<EngineParts, 'store' | 'keyring' | 'passwords'>): Promise<void> {
  const { store, keyring } = parts;
  if (!(await isOwnStore(parts))) throw wrongKeyring();
  // Another start may record its own keyring in between.
  if ((await store.addPartitionKey(newStoreNote(keyring))) === 'taken' && !(await isOwnStore(parts))) throw wrongKeyring();
}

/**
 * Records once in the keyring's file that it has sealed a store. If the file cannot be written, it stays as it is and a
 * warning is logged.
 */
export function recordUse(options: GatewayOptions, keyring: Keyring): void {
  const path = keyringFile(options);
  if (path === undefined || keyring.usedSince !== undefined) return;
  try {
    changeKeyringFile(path, (text) => usedKeyring(text, options.clock()));
  } catch (error) {
    if (!(error instanceof GatewayFault)) throw error;
    const read = keyring.refresh();
    // Another gateway recorded it at the same time.
    if (read.ok && keyring.usedSince !== undefined) return;
    options.log.warn(
      { keyring: path, reason: error.message },
      'the keyring file cannot be written, so a later start with an empty store in place of this one will not be refused',
    );
  }
}

/** Whether nothing in the store belongs to another keyring. Writes nothing. */
export async function isOwnStore({ store, keyring, passwords }: Pick<EngineParts, 'store' | 'keyring' | 'passwords'>): Promise<boolean> {
  const accounts = await store.listAccounts();
  if (accounts.some(({ passwordHash }) => !passwords.canCheck(passwordHash))) return false;
  const noted = await store.findPartitionKey(storeNoteId);
  return noted === undefined || isNoteOf(keyring, noted);
}

const wrongKeyring = (): GatewayFault =>
  new GatewayFault(
    'config-invalid',
    `The store was sealed with a key that is not in this keyring. Replace this keyring by the store's own one, which all its gateways share.`,
  );

/** The path of a keyring file that does not exist; undefined when it exists or the keyring is not a file. */
function missingFile(options: GatewayOptions): string | undefined {
  const path = keyringFile(options);
  return path === undefined || existsSync(path) ? undefined : path;
}

function makeOrFind(path: string, now: number): void {
  try {
    createKeyringFile(path, now);
  } catch (error) {
    if (!existsSync(path)) throw error;
  }
}
