import { createHmac, type KeyObject, randomBytes } from 'node:crypto';
import { type AuditContent, type ClearText, foldedName, foldedRealm, mappedName, parseJson, record } from '../../foundation/model/index.ts';

/** Where personal fields stand in the content of an entry. */
const personalPaths = ['user', 'client', 'origin.client', 'by.administrator', 'by.client', 'administrator', 'account', 'source'] as const;
type PersonalPath = (typeof personalPaths)[number];

/** A content as JSON knows it. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whom a content is about and who did it, by the names that their keys are found by; `mayMake`: there is such a person, even if there is no key yet. */
export type Persons = { subject?: string; actor?: string; mayMake: boolean };

/** The key of a person. `hashed` remembers what was hashed with it lately: one login names its user four times. */
export type HmacKey = { id: string; key: KeyObject; hashed: Map<string, string> };

/** What becomes of a content: fields whose personal ones are HMACs, and their clear text. */
export type Veiled = { fields: Fields; clear: ClearText | undefined; typed: string | undefined };

/** What a user's key is found by: first by the name as all find it, then by the name as it is written. Those who differ in case alone have keys of their own. */
export const userPerson = (user: string, realm: string): string => `${usersNamed(user, realm)}${mappedName(user)}`;

/** What the keys of all begin with whose name differs in case alone, in one realm or in all. */
export const usersNamed = (user: string, realm?: string): string =>
  `user\n${foldedName(user)}\n${realm === undefined ? '' : `${foldedRealm(realm)}\n`}`;

/** Whether a key is that of a user whose name is written so. */
export const isWrittenSo = (person: string, user: string): boolean => person.endsWith(`\n${mappedName(user)}`);

/** What an administrator's key is found by. */
export const administratorPerson = (name: string): string => `administrator\n${foldedName(name)}`;

/** What an entry is found by whose name somebody typed: that of a user, or of an administrator where it is one. */
export const typedName = (path: string, name: string): string => (path === 'user' ? foldedName(name) : administratorPerson(name));

/** Refusals of a login that only a user with a push token gets. */
const provesUser: readonly string[] = [
  'unusable-token',
  'wrong-pin',
  'locked',
  'limited',
  'undeliverable',
  'unable-phone',
  'not-answered',
  'wrong-code',
];

/** A name that somebody typed makes no key: whoever tries names could fill the store with them. */
export function personsOf(content: AuditContent): Persons {
  const mayMake = content.kind === 'login-refused' ? provesUser.includes(content.reason) : content.kind !== 'source-limited';
  const actor = 'by' in content ? content.by.administrator : content.kind === 'administrator-logged-in' ? content.administrator : undefined;
  const subject =
    content.kind === 'account-administered'
      ? administratorPerson(content.account)
      : 'user' in content && content.user
        ? userPerson(content.user, content.realm ?? '')
        : undefined;
  return { ...(subject === undefined ? {} : { subject }), ...(actor ? { actor: administratorPerson(actor) } : {}), mayMake };
}

/** Puts HMACs in the place of personal fields: under the keys of the persons, else under a key of the entry alone, which stands beside the clear text. */
export function veil(content: AuditContent, keys: { subject: HmacKey | undefined; actor: HmacKey | undefined }): Veiled {
  const fields: Record<string, unknown> = { v: 1, subject: keys.subject?.id, actor: keys.actor?.id, ...content };
  const clear: Record<keyof ClearText, Record<string, string>> = { subject: {}, actor: {}, own: {} };
  let own: Buffer | undefined;
  let typed: string | undefined;
  for (const path of personalPaths) {
    const value = at(fields, path);
    if (typeof value !== 'string' || value === '') continue;
    const wanted = ownerOf(path, content.kind);
    const key = keys[wanted];
    const whose = key ? wanted : 'own';
    own = key ? own : (own ?? randomBytes(16));
    if (!key && isName(path)) typed = typedName(path, value);
    clear[whose][path] = value;
    put(fields, path, key ? remembered(key, path, value) : hmac(own ?? Buffer.alloc(0), path, value));
  }
  if (own) clear.own.key = own.toString('base64url');
  const texts = Object.entries(clear).flatMap(([whose, text]) => (Object.keys(text).length > 0 ? [[whose, JSON.stringify(text)]] : []));
  return { fields, clear: texts.length > 0 ? Object.fromEntries(texts) : undefined, typed };
}

/** Puts the clear text back; `null` where it was erased. */
export function unveil(fields: Fields, clear: ClearText = {}): Fields {
  const shown: Record<string, unknown> = { ...fields };
  for (const path of personalPaths) if (isHmac(at(shown, path))) put(shown, path, null);
  for (const text of Object.values(clear))
    for (const [path, value] of Object.entries(record(parseJson(text)))) if (isPath(path)) put(shown, path, value);
  return shown;
}

/**
 * Whose personal fields have no clear text (`missing`), whose have clear text and no key to hold it against (`unheld`), and the first field whose clear text is not
 * what was hashed.
 */
export function compareClear(
  fields: Fields,
  clear: ClearText = {},
  keyOf: (whose: 'subject' | 'actor') => KeyObject | undefined,
): { missing: ('subject' | 'actor')[]; unheld: ('subject' | 'actor')[]; wrong: string | undefined } {
  const told = new Map<string, { value: string; key: KeyObject | Buffer | undefined }>();
  for (const [whose, text] of Object.entries(clear)) {
    const values = record(parseJson(text));
    const key = whose === 'subject' || whose === 'actor' ? keyOf(whose) : Buffer.from(String(values.key), 'base64url');
    for (const [path, value] of Object.entries(values)) if (isPath(path)) told.set(path, { value: String(value), key });
  }
  const wrong = [...told].find(([path, { value, key }]) => key && isPath(path) && hmac(key, path, value) !== at(fields, path));
  const hashed = personalPaths.filter((path) => isHmac(at(fields, path)));
  const missing = hashed.filter((path) => !told.has(path)).map((path) => ownerOf(path, String(fields.kind)));
  const unheld = (['subject', 'actor'] as const).filter((whose) => clear[whose] !== undefined && !keyOf(whose));
  return { missing, unheld, wrong: wrong?.[0] };
}

const hmacMark = 'hmac:';
const isHmac = (value: unknown): boolean => typeof value === 'string' && value.startsWith(hmacMark);
const isPath = (path: string): path is PersonalPath => personalPaths.some((each) => each === path);
const isName = (path: PersonalPath): boolean => path === 'user' || path === 'administrator' || path === 'account';

const hmac = (key: KeyObject | Buffer, path: PersonalPath, value: string): string =>
  `${hmacMark}${createHmac('sha256', key).update(`${path}\n${value}`).digest('base64url')}`;

const mostHashed = 5;

function remembered({ key, hashed }: HmacKey, path: PersonalPath, value: string): string {
  const text = `${path}\n${value}`;
  const known = hashed.get(text);
  if (known !== undefined) return known;
  if (hashed.size >= mostHashed) hashed.clear();
  const made = hmac(key, path, value);
  hashed.set(text, made);
  return made;
}

/** Whose a field is: where a user logs in from is the user's, where an administrator does something from is the administrator's. */
const ownerOf = (path: PersonalPath, kind: string): 'subject' | 'actor' =>
  path.startsWith('by.') || path === 'administrator' || (path === 'client' && kind === 'administrator-logged-in') ? 'actor' : 'subject';

function at(fields: Fields, path: PersonalPath): unknown {
  const dot = path.indexOf('.');
  if (dot < 0) return fields[path];
  const outer = fields[path.slice(0, dot)];
  return typeof outer === 'object' && outer !== null ? record(outer)[path.slice(dot + 1)] : undefined;
}

/** Never changes what `fields` was made of. */
function put(fields: Record<string, unknown>, path: PersonalPath, value: unknown): void {
  const dot = path.indexOf('.');
  if (dot < 0) fields[path] = value;
  else fields[path.slice(0, dot)] = { ...record(fields[path.slice(0, dot)]), [path.slice(dot + 1)]: value };
}
