import { createHmac, type KeyObject, randomBytes } from 'node:crypto';
import { type AuditContent, type ClearText, foldedName, foldedRealm, mappedName, parseJson, record } from '../../foundation/model/index.ts';

/** The paths of personal fields in the content of an entry. */
const personalPaths = ['user', 'client', 'origin.client', 'by.administrator', 'by.client', 'administrator', 'account', 'source'] as const;
type PersonalPath = (typeof personalPaths)[number];

/** A content as JSON fields. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * The subject and the actor of a content, by the names of their keys; `mayMake`: the subject is known to exist, so a
 * missing key may be made.
 */
export type Persons = { subject?: string; actor?: string; mayMake: boolean };

/** The key of a person. `hashed` caches recent hashes: one login hashes the user's name four times. */
export type HmacKey = { id: string; key: KeyObject; hashed: Map<string, string> };

/** A content with its personal fields replaced by HMACs, and their clear text. */
export type Pseudonymized = { fields: Fields; clear: ClearText | undefined; typed: string | undefined };

/**
 * The lookup name of a user's key: the case-folded name, then the name as written. Users whose names differ only in
 * case have separate keys.
 */
export const userPerson = (user: string, realm: string): string => `${usersNamed(user, realm)}${mappedName(user)}`;

/** The common prefix of the keys of all users whose names differ only in case, in one realm or in all. */
export const usersNamed = (user: string, realm?: string): string =>
  `user\n${foldedName(user)}\n${realm === undefined ? '' : `${foldedRealm(realm)}\n`}`;

/** Whether a key belongs to a user with exactly this name. */
export const hasExactName = (person: string, user: string): boolean => person.endsWith(`\n${mappedName(user)}`);

/** The lookup name of an administrator's key. */
export const administratorPerson = (name: string): string => `administrator\n${foldedName(name)}`;

/** The search text of an entry with a typed name of a user, or of an administrator. */
export const typedName = (path: string, name: string): string => (path === 'user' ? foldedName(name) : administratorPerson(name));

/** Reasons for refusal that only a user with a push token gets, so the user exists. */
const provesUser: readonly string[] = [
  'unusable-token',
  'wrong-pin',
  'locked',
  'limited',
  'undeliverable',
  'unable-phone',
  'wrong-identity',
  'not-answered',
  'wrong-code',
];

/**
 * The subject and actor of a content. A typed name alone makes no key, because a person trying names could fill the
 * store with keys.
 */
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

/**
 * Replaces personal fields by HMACs: under the keys of the persons, else under a random key of the entry, which is
 * stored with the clear text.
 */
export function pseudonymize(content: AuditContent, keys: { subject: HmacKey | undefined; actor: HmacKey | undefined }): Pseudonymized {
  const fields: Record<string, unknown> = { v: 1, subject: keys.subject?.id, actor: keys.actor?.id, ...content };
  const clear: Record<keyof ClearText, Record<string, string>> = { subject: {}, actor: {}, own: {} };
  let own: Buffer | undefined;
  let typed: string | undefined;
  for (const path of personalPaths) {
    const value = at(fields, path);
    if (typeof value !== 'string' || value === '') continue;
    const wanted = ownerOf(path, content.kind);
    const key = keys[wanted];
    const owner = key ? wanted : 'own';
    own = key ? own : (own ?? randomBytes(16));
    if (!key && isName(path)) typed = typedName(path, value);
    clear[owner][path] = value;
    put(fields, path, key ? cachedHmac(key, path, value) : hmac(own ?? Buffer.alloc(0), path, value));
  }
  if (own) clear.own.key = own.toString('base64url');
  const texts = Object.entries(clear).flatMap(([whose, text]) => (Object.keys(text).length > 0 ? [[whose, JSON.stringify(text)]] : []));
  return { fields, clear: texts.length > 0 ? Object.fromEntries(texts) : undefined, typed };
}

/** Restores the clear text; erased fields become `null`. */
export function withClearText(fields: Fields, clear: ClearText = {}): Fields {
  const shown: Record<string, unknown> = { ...fields };
  for (const path of personalPaths) if (isHmac(at(shown, path))) put(shown, path, null);
  for (const text of Object.values(clear))
    for (const [path, value] of Object.entries(record(parseJson(text)))) if (isPath(path)) put(shown, path, value);
  return shown;
}

/**
 * Compares the clear text with the hashes. `missing`: persons without clear text. `uncheckable`: persons with clear
 * text but without a key to check it. `wrong`: the first field whose clear text does not match its hash.
 */
export function compareClear(
  fields: Fields,
  clear: ClearText = {},
  keyOf: (whose: 'subject' | 'actor') => KeyObject | undefined,
): { missing: ('subject' | 'actor')[]; uncheckable: ('subject' | 'actor')[]; wrong: string | undefined } {
  const told = new Map<string, { value: string; key: KeyObject | Buffer | undefined }>();
  for (const [whose, text] of Object.entries(clear)) {
    const values = record(parseJson(text));
    const key = whose === 'subject' || whose === 'actor' ? keyOf(whose) : Buffer.from(String(values.key), 'base64url');
    for (const [path, value] of Object.entries(values)) if (isPath(path)) told.set(path, { value: String(value), key });
  }
  const wrong = [...told].find(([path, { value, key }]) => key && isPath(path) && hmac(key, path, value) !== at(fields, path));
  const hashed = personalPaths.filter((path) => isHmac(at(fields, path)));
  const missing = hashed.filter((path) => !told.has(path)).map((path) => ownerOf(path, String(fields.kind)));
  const uncheckable = (['subject', 'actor'] as const).filter((whose) => clear[whose] !== undefined && !keyOf(whose));
  return { missing, uncheckable, wrong: wrong?.[0] };
}

const hmacMark = 'hmac:';
const isHmac = (value: unknown): boolean => typeof value === 'string' && value.startsWith(hmacMark);
const isPath = (path: string): path is PersonalPath => personalPaths.some((each) => each === path);
const isName = (path: PersonalPath): boolean => path === 'user' || path === 'administrator' || path === 'account';

const hmac = (key: KeyObject | Buffer, path: PersonalPath, value: string): string =>
  `${hmacMark}${createHmac('sha256', key).update(`${path}\n${value}`).digest('base64url')}`;

const maxCached = 5;

function cachedHmac({ key, hashed }: HmacKey, path: PersonalPath, value: string): string {
  const text = `${path}\n${value}`;
  const known = hashed.get(text);
  if (known !== undefined) return known;
  if (hashed.size >= maxCached) hashed.clear();
  const made = hmac(key, path, value);
  hashed.set(text, made);
  return made;
}

/**
 * The person that a field belongs to: the client of a login belongs to the user, the client of an administrator's act
 * to the administrator.
 */
const ownerOf = (path: PersonalPath, kind: string): 'subject' | 'actor' =>
  path.startsWith('by.') || path === 'administrator' || (path === 'client' && kind === 'administrator-logged-in') ? 'actor' : 'subject';

function at(fields: Fields, path: PersonalPath): unknown {
  const dot = path.indexOf('.');
  if (dot < 0) return fields[path];
  const outer = fields[path.slice(0, dot)];
  return typeof outer === 'object' && outer !== null ? record(outer)[path.slice(dot + 1)] : undefined;
}

/** Changes a field without modifying nested objects that `fields` shares. */
function put(fields: Record<string, unknown>, path: PersonalPath, value: unknown): void {
  const dot = path.indexOf('.');
  if (dot < 0) fields[path] = value;
  else fields[path.slice(0, dot)] = { ...record(fields[path.slice(0, dot)]), [path.slice(dot + 1)]: value };
}
