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
 * Makes the keyring of an embedded store that is not there yet. A store that is there and has lost its keyring is refused and not touched; so is a keyring
 * that has lost its store, and none is made.
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
    throw new GatewayFault('config-invalid', `The keyring ${path} is missing, and ${store} was sealed with it. Put the keyring back.`);
  createKeyringFile(path, options.clock());
}

/** Makes the keyring of a database that holds nothing. One that holds anything is refused: only its own keyring opens it. */
export async function makeKeyringForDatabase(options: GatewayOptions, store: Store): Promise<void> {
  const path = missingFile(options);
  if (path === undefined || options.config.store.kind !== 'mongodb') return;
  const isEmpty = (await allRecords(store).next()).done === true;
  // Asked again: another start with the same file makes it before it writes anything.
  if (existsSync(path)) return;
  if (!isEmpty)
    throw new GatewayFault('config-invalid', `The keyring ${path} is missing, and the database holds data: put there ${thatKeyring}.`);
  makeOrFind(path, options.clock());
  options.log.warn({ keyring: path }, 'made a new keyring: BACK IT UP, and give the same file to every gateway of this database');
}

type Place = Pick<LoadedConfig, 'config' | 'folder'>;

/** The file of a keyring; undefined where it is none. */
export const keyringFile = ({ config: { keyring }, folder }: Place): string | undefined =>
  '$file' in keyring ? resolve(folder, keyring.$file) : undefined;

/** The keyring of a configuration, or what is missing. It takes over what changes in its file. Throws `config-invalid` when it cannot be read. */
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

/** The same; throws `config-invalid` when there is none, too. */
export function keyringOf(place: Place, environment: Environment): Keyring {
  const read = readKeyring(place, environment);
  if (read.ok) return read.value;
  const forNew = place.config.store.kind === 'mongodb' ? '. For a new database make one with: npx pushgate keyring create FILE' : '';
  throw new GatewayFault('config-invalid', `keyring: ${read.error}${forNew}`);
}

/** Takes over each change of the keyring's file, and tells it; one that is refused changes nothing. Returns how to stop. */
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
 * Refuses a start on an empty store by a keyring that has sealed one: most likely the store is elsewhere, and a gateway that began anew would know no phone.
 * With `newStore` it begins anew.
 * @see docs/decisions/keyring-at-first-start.md
 */
export async function refuseLostStore(options: GatewayOptions, { store, keyring }: { store: Store; keyring: Keyring }): Promise<void> {
  if (keyring.usedSince !== undefined && (await isNew(store))) refuseNewStore(options, keyring);
}

/** Whether nobody has begun with a store. What other gateways count and tell while it is lost makes it none. */
async function isNew(store: Store): Promise<boolean> {
  if ((await store.findPartitionKey(storeNoteId)) !== undefined || (await store.listAccounts()).length > 0) return false;
  return (await store.recordsOf('token', undefined, 1)).length === 0;
}

function refuseNewStore(options: GatewayOptions, { usedSince }: Keyring): void {
  if (usedSince === undefined || options.newStore) return;
  const where = embeddedFile(options) ?? 'the database';
  throw new GatewayFault(
    'config-invalid',
    `The store is empty (${where}), but the keyring has sealed one since ${usedSince}: it was lost or moved, or the configuration names another ` +
      'place. Put it back, or correct the configuration. To begin with a new store: npx pushgate serve --new-store',
  );
}

/**
 * Notes in the store, once, which keyring it belongs to; before anything else is written. A store that belongs to another one is refused:
 * nothing in it could be opened here, and what is written here could not be opened elsewhere.
 * @see docs/decisions/keyring-at-first-start.md
 */
export async function takeStore(parts: Pick<EngineParts, 'store' | 'keyring' | 'passwords'>): Promise<void> {
  const { store, keyring } = parts;
  if (!(await isOwnStore(parts))) throw belongsElsewhere();
  // Another start may note its own keyring between the two looks.
  if ((await store.addPartitionKey(newStoreNote(keyring))) === 'taken' && !(await isOwnStore(parts))) throw belongsElsewhere();
}

/** Notes in the keyring's file, once, that it has sealed a store. A file that nobody may write stays as it is, and the log says so. */
export function noteUse(options: GatewayOptions, keyring: Keyring): void {
  const path = keyringFile(options);
  if (path === undefined || keyring.usedSince !== undefined) return;
  try {
    changeKeyringFile(path, (text) => usedKeyring(text, options.clock()));
  } catch (error) {
    if (!(error instanceof GatewayFault)) throw error;
    const read = keyring.refresh();
    // Another gateway has noted it at the same time.
    if (read.ok && keyring.usedSince !== undefined) return;
    options.log.warn(
      { keyring: path, reason: error.message },
      'the keyring cannot note that it has sealed a store: a start with an empty store in its place would not be refused',
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

const thatKeyring = 'the keyring that belongs to it, the same for all its gateways';

const belongsElsewhere = (): GatewayFault =>
  new GatewayFault('config-invalid', `The store was filled with a key that is not in this keyring. Put in its place ${thatKeyring}.`);

/** Where the keyring should be and is not; undefined when it is there, or is no file. */
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
