import type { Actor, GatewayEvent } from './event.ts';

/**
 * Something that happened, on its way into the audit: written with the act that it tells of. Whoever writes it under the same `id` again writes nothing. `at`:
 * epoch ms; `text`: the event, sealed by a key of the keyring.
 */
export type AuditNote = { id: string; at: number; text: string };

/** A signed word of a gateway: its chain had this hash at this number. `signature` is `<key id>.<Ed25519, base64url>`. */
export type AuditMark = { writer: string; number: number; hash: string; signature: string };

/** What a chain says of itself: which chains it found when it began, and where it stood. */
export type ChainRecord =
  | { kind: 'audit-begun'; host: string; version: string; after: Omit<AuditMark, 'signature'>[] }
  | ({ kind: 'audit-checkpoint' } & AuditMark);

/** What an entry of the audit is about. */
export type AuditContent = GatewayEvent | ChainRecord;

/** Clear text of an entry, as JSON objects by the paths of the fields: what is of the user, of the administrator, and of nobody whom we know. */
export type ClearText = { subject?: string; actor?: string; own?: string };

/**
 * One entry of the audit. `body` is the content as JSON in which each personal field is an HMAC; the clear text stands beside it. `hash` covers the hash of
 * the entry before it in the same chain, and `digest`, the SHA-256 of `body`. Retention takes everything but `id`, `writer`, `number`, `at`, `kind`, `digest`
 * and `hash`; whoever is erased takes clear text.
 * @see docs/audit.md
 */
export type AuditEntry = {
  id: string;
  /** The chain: one for each run of a gateway. */
  writer: string;
  /** Its place in the chain, from 1. */
  number: number;
  at: number;
  kind: AuditContent['kind'];
  /** What was done, where it is an administrative act. */
  act?: string;
  authServer?: string;
  transaction?: string;
  serials?: string[];
  /** Ids of the keys of the user whom it is about and of the administrator who did it. */
  subject?: string;
  actor?: string;
  /** The name that was typed, folded, where we know no such person. */
  typed?: string;
  body?: string;
  clear?: ClearText;
  digest: string;
  hash: string;
};

/** How far a chain has come, signed, and when its gateway was last heard of (epoch ms). `ended`: it was stopped, or is taken for dead. */
export type AuditWriter = AuditMark & { seenAt: number; ended: boolean };

/** The key of one person's fields in the audit. `person` is what we find it by, `id` is what entries have, and `sealedKey` is sealed for `person:<id>`. */
export type PersonKey = { person: string; id: string; sealedKey: string };

/** Who does something at the command line of this machine. */
export const localActor = (administrator: string): Actor => ({ authServer: '', dialect: 'command', client: '', administrator });

const kinds: Record<AuditContent['kind'], true> = {
  'login-started': true,
  'login-joined': true,
  'login-refused': true,
  'login-passed-on': true,
  'push-delivered': true,
  'challenge-answered': true,
  'login-reported': true,
  'bare-decline': true,
  'challenge-displaced': true,
  'phone-muted': true,
  'logins-quiet': true,
  'push-withheld': true,
  'login-finished': true,
  'phone-enrolled': true,
  'address-told': true,
  'address-dead': true,
  'token-administered': true,
  'challenge-cancelled': true,
  'expired-deleted': true,
  'administrator-logged-in': true,
  'administrator-logged-out': true,
  'administrator-refused': true,
  'account-administered': true,
  'caller-refused': true,
  'administration-refused': true,
  'source-limited': true,
  'gateway-started': true,
  'gateway-stopped': true,
  'configuration-reloaded': true,
  'configuration-refused': true,
  'provider-out-of-use': true,
  'credential-ending': true,
  'breaker-opened': true,
  'breaker-closed': true,
  'provider-reset': true,
  'store-lost': true,
  'store-back': true,
  'tls-refused': true,
  'connections-refused': true,
  'overload-began': true,
  'overload-ended': true,
  'audit-begun': true,
  'audit-checkpoint': true,
  'audit-gap': true,
  'audit-lost': true,
  'audit-note-refused': true,
  'audit-expired': true,
  'audit-erased': true,
};

/** Every kind of entry. */
export const auditKinds: readonly string[] = Object.keys(kinds);

/** Whether entries of this kind tell what became of the audit itself: they are kept for good. */
export const isOfAudit = (kind: string): boolean => kind.startsWith('audit-');
