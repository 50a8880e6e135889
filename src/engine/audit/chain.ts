import { createPublicKey, hash as hashOf } from 'node:crypto';
import { rawPrivateKey, signEd25519, verifyEd25519 } from '../../foundation/crypto/index.ts';
import type { Keyring } from '../../foundation/keyring/index.ts';
import { type AuditEntry, type AuditMark, parseJson, record } from '../../foundation/model/index.ts';
import type { Fields, Veiled } from './persons.ts';

/** The end of a chain: what the next entry goes on from. */
export type Link = Pick<AuditMark, 'writer' | 'number' | 'hash'>;

/** What the first entry of a chain goes on from. */
export const firstLink = (writer: string): Link => ({ writer, number: 0, hash: '' });

/** The entry that follows `link`. */
export function entryAfter(
  link: Link,
  { id, at, kind }: Pick<AuditEntry, 'id' | 'at' | 'kind'>,
  { fields, clear, typed }: Veiled,
): AuditEntry {
  const body = JSON.stringify(fields);
  const placed = { writer: link.writer, number: link.number + 1, id, at, kind, digest: digestOf(body) };
  return {
    ...placed,
    ...searchedBy(fields),
    ...(typed === undefined ? {} : { typed }),
    body,
    ...(clear ? { clear } : {}),
    hash: chainHash(link.hash, placed),
  };
}

type Placed = Pick<AuditEntry, 'writer' | 'number' | 'id' | 'at' | 'kind' | 'digest'>;

/** The hash of an entry that follows one with the hash `before`. */
export const chainHash = (before: string, { writer, number, id, at, kind, digest }: Placed): string =>
  digestOf([before, writer, number, id, at, kind, digest].join('\n'));

/** SHA-256, base64url. */
export const digestOf = (text: string): string => hashOf('sha256', text, 'base64url');

type Searched = Pick<AuditEntry, 'act' | 'authServer' | 'transaction' | 'serials' | 'subject' | 'actor'>;

/** What entries are found by follows from what they say. */
export function searchedBy(fields: Fields): Searched {
  const authServer = text(fields.authServer) ?? text(record(fields.origin).authServer) ?? text(record(fields.by).authServer);
  const serials = Array.isArray(fields.serials) ? fields.serials.map(String) : fields.serial === undefined ? [] : [String(fields.serial)];
  return {
    ...given('act', text(fields.act)),
    ...given('authServer', authServer),
    ...given('transaction', text(fields.transaction)),
    ...(serials.length > 0 ? { serials } : {}),
    ...given('subject', text(fields.subject)),
    ...given('actor', text(fields.actor)),
  };
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const given = <K extends string>(name: K, value: string | undefined): { [P in K]?: string } =>
  value === undefined ? {} : ({ [name]: value } as { [P in K]?: string });

/** Whether the content of an entry is what was written, as far as it is still there. */
export const isAsDigested = ({ body, digest }: AuditEntry): boolean => body === undefined || digestOf(body) === digest;

/** The fields of an entry; undefined where its content is gone. */
export const fieldsOf = ({ body }: AuditEntry): Fields | undefined => (body === undefined ? undefined : record(parseJson(body)));

const purpose = 'audit checkpoints';

/** Signs the end of a chain with the current key of the keyring. */
export function markOf(keyring: Keyring, { writer, number, hash }: Link): AuditMark {
  const seed = keyring.derive(purpose) ?? Buffer.alloc(0);
  const signature = signEd25519(rawPrivateKey('ed25519', seed), Buffer.from(signedText({ writer, number, hash })));
  return { writer, number, hash, signature: `${keyring.currentKeyId}.${signature.toString('base64url')}` };
}

/** Whether a mark was signed with this keyring. */
export function isSigned(keyring: Keyring, mark: AuditMark): boolean {
  const [keyId = '', signature = ''] = mark.signature.split('.');
  const seed = keyring.derive(purpose, keyId);
  return seed !== undefined && verifyEd25519(publicKeyOf(seed), Buffer.from(signedText(mark)), Buffer.from(signature, 'base64url'));
}

const publicKeyOf = (seed: Buffer) => createPublicKey(rawPrivateKey('ed25519', seed));

const signedText = ({ writer, number, hash }: Link): string => `pushgate audit\n${writer}\n${number}\n${hash}`;
