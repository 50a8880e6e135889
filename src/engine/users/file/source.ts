/**
 * Users of a file: a JSON list, or the output of `htpasswd -B`. It is read again after each change; an invalid change
 * leaves the users as they were.
 * @see docs/users.md
 */
import { createHmac, randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { openCache } from '../../../foundation/cache/index.ts';
import { GatewayFault, type Result, systemCode } from '../../../foundation/model/index.ts';
import { readTextFile, readTextFileLater } from '../../../foundation/settings/index.ts';
import { defineSource, type SourceHost } from '../user-source.ts';
import { matchesHash } from './password-hash.ts';
import { barredInFile, type FileUsers, listedName, readHtpasswd, readJsonUsers } from './read.ts';

const fileConfig = z.strictObject({
  file: z
    .string()
    .min(1)
    .meta({ description: 'Path of the file, relative to the folder of the configuration file.', examples: ['users.json'] }),
  format: z
    .enum(['json', 'htpasswd'])
    .default('json')
    .describe('Format of the file: a JSON list of users, or name:hash lines as htpasswd -B writes them.'),
});

type FileConfig = z.output<typeof fileConfig>;

/** The kind `file`. */
export const fileSource = defineSource({
  kind: 'file',
  config: fileConfig,
  open(config, host) {
    const users = openUsers(config, host);
    const passwordCache = cacheRightPasswords(matchesAnyForm);
    return {
      async find(name) {
        const found = (await users()).get(listedName(name));
        if (!found) return { kind: 'unknown' };
        const why = barredInFile(found, host.clock());
        return why === undefined ? { kind: 'found', user: found.user } : { kind: 'barred', why };
      },
      async checkPassword(name, password) {
        if (password === '') return 'wrong';
        const known = await users();
        const listed = known.get(listedName(name));
        const hash = listed && barredInFile(listed, host.clock()) === undefined ? listed.hash : undefined;
        if (hash !== undefined) return (await passwordCache.matches(listedName(name), password, hash)) ? 'right' : 'wrong';
        // An unknown or barred user takes as long as a wrong password.
        const [decoy] = [...known.values()].flatMap((each) => each.hash ?? []);
        if (decoy !== undefined) await matchesAnyForm(password, decoy);
        return 'wrong';
      },
      forget: (name) => passwordCache.forget(listedName(name)),
      async check() {
        const path = host.path(config.file);
        const read = parse(config, await readTextFileLater(path), host.name);
        if (!read.ok) host.failed('unusable');
        return read.ok ? { ok: true, detail: `${read.value.size} users in ${path}` } : { ok: false, problem: `${path}: ${read.error}` };
      },
      close: async () => undefined,
    };
  },
});

/** Another program made the hash, from the text as it was typed there or from its NFC form. */
async function matchesAnyForm(password: string, hash: string): Promise<boolean> {
  const normal = password.normalize('NFC');
  return (await matchesHash(password, hash)) || (normal !== password && matchesHash(normal, hash));
}

function parse({ format }: FileConfig, content: Result<string, string>, resolver: string): Result<FileUsers, string> {
  if (!content.ok) return content;
  return format === 'json' ? readJsonUsers(content.value, resolver) : readHtpasswd(content.value, resolver);
}

/** The users in the present file. The first read is synchronous, so that an invalid file prevents the start. */
function openUsers(config: FileConfig, { name, path, tell }: SourceHost): () => Promise<FileUsers> {
  const file = path(config.file);
  const first = parse(config, readTextFile(file), name);
  if (!first.ok) throw new GatewayFault('config-invalid', `The user file ${file} cannot be used: ${first.error}.`);
  let users = first.value;
  let seen = '';
  return async () => {
    const state = await stat(file).then(({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`, systemCode);
    if (state === seen) return users;
    const isFirst = seen === '';
    // Callers during the read get the previous users.
    seen = state;
    const read = parse(config, await readTextFileLater(file), name);
    if (!read.ok) tell({ kind: 'configuration-refused', problems: [`user source ${name}: ${file} ${read.error}`] });
    else if (!isFirst) tell({ kind: 'configuration-reloaded', part: `user source ${name}`, restart: [] });
    users = read.ok ? read.value : users;
    return users;
  };
}

/**
 * Caches each user's last right password for its hash, to save the cost of checking it again; a wrong password is never
 * cached.
 */
function cacheRightPasswords(matches: typeof matchesAnyForm) {
  const key = randomBytes(32);
  const right = openCache<{ memory: string }>(10_000);
  return {
    async matches(name: string, password: string, hash: string): Promise<boolean> {
      const memory = createHmac('sha256', key).update(`${hash}\n${password}`).digest('base64url');
      if (right.get(name)?.memory === memory) return true;
      const isRight = await matches(password, hash);
      if (isRight) right.set(name, { memory });
      return isRight;
    },
    forget: (name: string): void => void right.delete(name),
  };
}
