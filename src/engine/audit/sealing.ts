import { createHmac, createPublicKey, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { equalText, rawPrivateKey, signEd25519, verifyEd25519 } from '../../foundation/crypto/index.ts';
import type { Keyring } from '../../foundation/keyring/index.ts';
import { type AuditEntry, type AuditMark, type AuditNote, type GatewayEvent, parseJson } from '../../foundation/model/index.ts';

/** The end of a chain, which the next entry continues. */
export type Link = Pick<AuditMark, 'writer' | 'number' | 'hash'>;

/** The link that the first entry of a chain continues. */
export const firstLink = (writer: string): Link => ({ writer, number: 0, hash: '' });

/** An event with its id and time, before it is sealed. */
export type DatedEvent = { id: string; at: number; event: GatewayEvent };

/**
 * The meaning of a mark: the length of a chain at a checkpoint, its current length, or its end. It is part of the
 * signature.
 */
export type MarkKind = 'checkpoint' | 'running' | 'ended';

type Placed = Pick<AuditEntry, 'writer' | 'number' | 'id' | 'at' | 'kind' | 'digest'>;

/** The operations that need the keyring. Each uses a key derived for its purpose. */
export type Sealing = {
  /** The hash of an entry that follows an entry with the hash `before`. */
  hashOf(before: string, placed: Placed): string;
  /** Whether this is the hash of the entry. */
  isHash(before: string, entry: Placed & Pick<AuditEntry, 'hash'>): boolean;
  sign(link: Link, kind: MarkKind): AuditMark;
  isSigned(mark: AuditMark, kind: MarkKind): boolean;
  note(event: DatedEvent): AuditNote;
  /** The event in a note; undefined if no gateway with this keyring wrote it. */
  read(note: AuditNote): GatewayEvent | undefined;
};

/** SHA-256, base64url. */
export const digestOf = (text: string): string => hash('sha256', text, 'base64url');

/** Opens the sealing with this keyring. Each result begins with the id of its key. */
export function openSealing(keyring: Keyring): Sealing {
  const chains = openMacs(keyring, 'audit chain');
  const notes = openMacs(keyring, 'audit notes');
  const signer = openSigner(keyring);
  const chained = (before: string, { writer, number, id, at, kind, digest }: Placed): string =>
    [before, writer, number, id, at, kind, digest].join('\n');
  const noted = (id: string, at: number, text: string): string => `${id}\n${at}\n${text}`;
  return {
    hashOf: (before, placed) => chains.of(chained(before, placed)),
    isHash: (before, entry) => chains.fits(chained(before, entry), entry.hash),
    ...signer,
    note({ id, at, event }) {
      const json = JSON.stringify(event);
      return { id, at, text: `${notes.of(noted(id, at, json))} ${json}` };
    },
    read({ id, at, text }) {
      const [, mac, json] = /^(\S+) (\{.*)$/s.exec(text) ?? [];
      if (mac === undefined || json === undefined || !notes.fits(noted(id, at, json), mac)) return undefined;
      return parseJson(json) as GatewayEvent;
    },
  };
}

/** HMACs for a purpose, `<key id>.<base64url>`. */
function openMacs(keyring: Keyring, purpose: string) {
  const keys = new Map<string, KeyObject>();
  const keyOf = (keyId: string): KeyObject | undefined => {
    const known = keys.get(keyId);
    const derived = known ? undefined : keyring.derive(purpose, keyId);
    const key = known ?? (derived && createSecretKey(derived));
    if (key) keys.set(keyId, key);
    return key;
  };
  const made = (keyId: string, text: string): string | undefined => {
    const key = keyOf(keyId);
    return key && `${keyId}.${createHmac('sha256', key).update(text).digest('base64url')}`;
  };
  return {
    of: (text: string): string => made(keyring.currentKeyId, text) ?? '',
    fits(text: string, mac: string): boolean {
      const right = made(mac.slice(0, mac.indexOf('.')), text);
      return right !== undefined && equalText(right, mac);
    },
  };
}

const signing = 'audit checkpoints';

function openSigner(keyring: Keyring): Pick<Sealing, 'sign' | 'isSigned'> {
  const keys = new Map<string, KeyObject>();
  const keyOf = (keyId: string): KeyObject | undefined => {
    const known = keys.get(keyId);
    const seed = known ? undefined : keyring.derive(signing, keyId);
    const key = known ?? (seed && rawPrivateKey('ed25519', seed));
    if (key) keys.set(keyId, key);
    return key;
  };
  const signedText = ({ writer, number, hash: at }: Link, kind: MarkKind): Buffer =>
    Buffer.from(['pushgate audit', kind, writer, number, at].join('\n'));
  return {
    sign({ writer, number, hash: at }, kind) {
      const keyId = keyring.currentKeyId;
      const current = keyOf(keyId);
      const signature = current ? signEd25519(current, signedText({ writer, number, hash: at }, kind)).toString('base64url') : '';
      return { writer, number, hash: at, signature: `${keyId}.${signature}` };
    },
    isSigned(mark, kind) {
      const [keyId = '', signature = ''] = mark.signature.split('.');
      const key = keyOf(keyId);
      return key !== undefined && verifyEd25519(createPublicKey(key), signedText(mark, kind), Buffer.from(signature, 'base64url'));
    },
  };
}
