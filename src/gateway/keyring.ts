import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Environment, type LoadedConfig, readSecret } from '../config/index.ts';
import type { EngineParts } from '../engine/index.ts';
import { createKeyringFile, type Keyring, openKeyring } from '../foundation/keyring/index.ts';
import { GatewayFault, ok, type Result, refused } from '../foundation/model/index.ts';
import { jsonText } from '../foundation/settings/index.ts';
import type { Store } from '../store/store.ts';
import { embeddedFile } from './open-store.ts';
import type { GatewayOptions } from './options.ts';

/** Makes the keyring of an embedded store that is not there yet. One that is there and has lost its keyring is refused and not touched. */
export function makeKeyringForFile(options: GatewayOptions): void {
  const path = missingFile(options);
  const store = embeddedFile(options);
  if (path === undefined || store === undefined) return;
  if (existsSync(store))
    throw new GatewayFault('config-invalid', `The keyring ${path} is missing, and ${store} was sealed with it. Put the keyring back.`);
  createKeyringFile(path, options.clock());
}

/** Makes the keyring of a database that holds nothing. One that holds anything is refused: only its own keyring opens it. */
export async function makeKeyringForDatabase(options: GatewayOptions, store: Store): Promise<void> {
  const path = missingFile(options);
  if (path === undefined || options.config.store.kind !== 'mongodb') return;
  const isEmpty = (await store.exportAll()[Symbol.asyncIterator]().next()).done === true;
  // Asked again: another start with the same file makes it before it writes anything.
  if (existsSync(path)) return;
  if (!isEmpty)
    throw new GatewayFault('config-invalid', `The keyring ${path} is missing, and the database holds data: put there ${thatKeyring}.`);
  makeOrFind(path, options.clock());
  options.log.warn({ keyring: path }, 'made a new keyring: BACK IT UP, and give the same file to every gateway of this database');
}

type Place = Pick<LoadedConfig, 'config' | 'folder'>;

/** The keyring of a configuration, or what is missing. Throws `config-invalid` when it cannot be read. */
export function readKeyring({ config, folder }: Place, environment: Environment): Result<Keyring, string> {
  const found = readSecret(config.keyring, { folder, environment });
  return 'missing' in found ? refused(found.missing) : ok(openKeyring(jsonText(found.text)));
}

/** The same; throws `config-invalid` when there is none, too. */
export function keyringOf(place: Place, environment: Environment): Keyring {
  const read = readKeyring(place, environment);
  if (read.ok) return read.value;
  const forNew = place.config.store.kind === 'mongodb' ? '. For a new database make one with: npx pushgate keyring create FILE' : '';
  throw new GatewayFault('config-invalid', `keyring: ${read.error}${forNew}`);
}

/**
 * Notes in the store, once, which keyring it belongs to; before anything else is written. A store that belongs to another one is refused:
 * nothing in it could be opened here, and what is written here could not be opened elsewhere.
 * @see docs/decisions/keyring-at-first-start.md
 */
export async function takeStore(parts: Pick<EngineParts, 'store' | 'keyring' | 'passwords'>): Promise<void> {
  const { store, keyring } = parts;
  const mine = { id: noteId, publicKey: keyring.currentKeyId, sealedSeed: fingerprint(keyring, keyring.currentKeyId) };
  if (!(await isOwnStore(parts))) throw belongsElsewhere();
  // Another start may note its own keyring between the two looks.
  if ((await store.addPartitionKey(mine)) === 'taken' && !(await isOwnStore(parts))) throw belongsElsewhere();
}

/** Whether nothing in the store belongs to another keyring. Writes nothing. */
export async function isOwnStore({ store, keyring, passwords }: Pick<EngineParts, 'store' | 'keyring' | 'passwords'>): Promise<boolean> {
  const accounts = await store.listAccounts();
  if (accounts.some(({ passwordHash }) => !passwords.canCheck(passwordHash))) return false;
  const noted = await store.findPartitionKey(noteId);
  // Rotated since, the keyring still has that key.
  return noted === undefined || noted.sealedSeed === fingerprint(keyring, noted.publicKey);
}

/** The note stands among the keys that all gateways share, which are insert-only and go along when a store is copied. */
const noteId = 'keyring';
const thatKeyring = 'the keyring that belongs to it, the same for all its gateways';

/** Tells whether a keyring has this key; says nothing of the key itself. */
const fingerprint = (keyring: Keyring, keyId = ''): string => keyring.derive('fingerprint', keyId)?.toString('base64url') ?? 'no such key';

const belongsElsewhere = (): GatewayFault =>
  new GatewayFault('config-invalid', `The store was filled with a key that is not in this keyring. Put in its place ${thatKeyring}.`);

/** Where the keyring should be and is not; undefined when it is there, or is no file. */
function missingFile({ config: { keyring }, folder }: GatewayOptions): string | undefined {
  const path = '$file' in keyring ? resolve(folder, keyring.$file) : undefined;
  return path === undefined || existsSync(path) ? undefined : path;
}

function makeOrFind(path: string, now: number): void {
  try {
    createKeyringFile(path, now);
  } catch (error) {
    if (!existsSync(path)) throw error;
  }
}
