/**
 * A request that an auth server marked with an idempotency key, and the id of the `resource` that it made; without one
 * it is under way. `id` is a digest of auth server and key, `digest` a keyed digest of the content. Times are epoch ms.
 */
export type KeptRequest = { id: string; digest: string; resource?: string; begunAt: number; endsAt: number };

/**
 * A message of the outbox to `target`, such as `hook:billing`. Messages of one target with the same `order` are sent one
 * after the other, by `position` and then by id; a dead one does not hold up the next. `payload` is sealed for the
 * message. Times are epoch ms.
 */
export type OutboxMessage = {
  id: string;
  target: string;
  order: string;
  position: number;
  authServer: string;
  payload: string;
  /** When it was added, or is to be sent first. */
  createdAt: number;
  /** When it may be sent, or until when one gateway has it. */
  dueAt: number;
  /** When it is given up; a dead one is deleted then. */
  endsAt: number;
  /** How often it was claimed. Proves that a gateway still has it. */
  attempts: number;
  /** Why the last attempt failed: a word, or an HTTP status. */
  lastError?: string;
  /** `begun`: its first byte may have been sent; `dead`: it is not sent again by itself. */
  state: 'waiting' | 'begun' | 'dead';
};

/** The fields of a message that its gateway changes. */
export type OutboxChange = Partial<Pick<OutboxMessage, 'state' | 'dueAt' | 'endsAt' | 'lastError'>>;

/**
 * An event of a transaction for the auth server that began it. `number` counts the events of one auth server from 1;
 * `data` is what the auth server gets, without secrets. Times are epoch ms.
 */
export type PublishedEvent = {
  id: string;
  authServer: string;
  number: number;
  at: number;
  transaction: string;
  kind: string;
  data: Readonly<Record<string, string>>;
  endsAt: number;
};

/** The last number that an event of this auth server got. */
export type EventStream = { authServer: string; last: number };

/**
 * The user whom an issuer of tokens means by `subject`, as its first token named the user. `id` is a digest of issuer and
 * subject.
 */
export type IdentityPin = { id: string; issuer: string; subject: string; user: string; realm: string; at: number };

/** The kinds of published events, in the order of a login's life. */
export const eventKinds = [
  'challenge.created',
  'challenge.code_shown',
  'challenge.accepted',
  'challenge.declined',
  'challenge.locked',
  'challenge.withdrawn',
  'challenge.consumed',
  'challenge.expired',
] as const;
/** One of them. */
export type EventKind = (typeof eventKinds)[number];
