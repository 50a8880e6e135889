import type { Actor, GatewayEvent } from './event.ts';

/**
 * An event on its way into the audit, written together with the act that it describes. Writing the same `id` again
 * changes nothing. `at`: epoch ms; `text`: the event, sealed by a key of the keyring.
 */
export type AuditNote = { id: string; at: number; text: string };

/**
 * A signed position in a gateway's chain: the entry `number` had this hash. `signature` is `<key id>.<Ed25519,
 * base64url>`.
 */
export type AuditMark = { writer: string; number: number; hash: string; signature: string };

/** What a chain records about itself: the chains that it found when it began, and its own checkpoints. */
export type ChainRecord =
  | { kind: 'audit-begun'; host: string; version: string; after: Omit<AuditMark, 'signature'>[] }
  | ({ kind: 'audit-checkpoint' } & AuditMark);

/** The content of an audit entry. */
export type AuditContent = GatewayEvent | ChainRecord;

/**
 * Clear text of an entry, as JSON objects by field path: of the user, of the administrator, and of unknown persons
 * (`own`).
 */
export type ClearText = { subject?: string; actor?: string; own?: string };

/**
 * One entry of the audit. `body` is the content as JSON in which each personal field is an HMAC; the clear text is
 * stored beside it. `digest` is the SHA-256 of `body`; `hash` covers it and the hash of the previous entry in the
 * chain. Retention removes everything but `id`, `writer`, `number`, `at`, `kind`, `digest` and `hash`; erasing a person
 * removes the clear text.
 * @see docs/audit.md
 */
export type AuditEntry = {
  id: string;
  /** The chain: one for each run of a gateway. */
  writer: string;
  /** The position in the chain, from 1. */
  number: number;
  at: number;
  kind: AuditContent['kind'];
  /** The act, if it is an administrative one. */
  act?: string;
  authServer?: string;
  transaction?: string;
  serials?: string[];
  /** Ids of the keys of the user concerned and of the administrator who acted. */
  subject?: string;
  actor?: string;
  /** The name as typed, case-folded, if no such person is known. */
  typed?: string;
  body?: string;
  clear?: ClearText;
  digest: string;
  hash: string;
};

/**
 * How far a chain has come, signed, and when its gateway last reported (epoch ms). `ended`: it was stopped, or is
 * presumed dead.
 */
export type AuditWriter = AuditMark & { seenAt: number; ended: boolean };

/**
 * The key of one person's fields in the audit. `person` is the lookup key, `id` appears in entries, `sealedKey` is
 * sealed for `person:<id>`.
 */
export type PersonKey = { person: string; id: string; sealedKey: string };

/** The actor at the command line of this machine. */
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
  'result-delivered': true,
  'result-undelivered': true,
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
  'message-dead': true,
  'outbox-administered': true,
  'identity-removed': true,
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

/** Whether entries of this kind record the audit's own history: those are kept for good. */
export const isOfAudit = (kind: string): boolean => kind.startsWith('audit-');
