import type { IdentityPin, KeptRequest, OutboxChange, OutboxMessage, PublishedEvent } from '../foundation/model/index.ts';

/** The filter of an outbox list, by id after `after`; absent fields do not filter. */
export type OutboxFilter = {
  target?: string | undefined;
  state?: OutboxMessage['state'] | undefined;
  after?: string | undefined;
};

/** The number of messages of one target and state, and the `createdAt` of the oldest. */
export type OutboxTally = Pick<OutboxMessage, 'target' | 'state'> & { count: number; oldest: number };

/** How many due messages one claim looks at. */
export const mostDueSeen = 100;

/**
 * For how long (ms) a claim passes over a due message whose predecessor is not finished, so that the next claim sees
 * others. It is seen at once when the predecessor is finished.
 */
export const heldMs = 60_000;

/** For how long (ms) another gateway may still store an event whose number is below that of a stored one. */
export const numberGapMs = 10_000;

/** The part of a store for the exchange with auth servers that call or are called over REST. */
export type ExchangeStore = {
  /**
   * Adds a request, or takes over one that has no resource and began before `staleBefore`, or one that ended by the
   * request's `begunAt`. Otherwise returns the stored one. Of concurrent callers one gets `claimed`.
   */
  claimRequest(request: KeptRequest, staleBefore: number): Promise<'claimed' | KeptRequest>;
  /** Records the resource of a request, unless it has one. */
  keepRequest(id: string, resource: string): Promise<void>;
  /** Removes a request without a resource that began at `begunAt`: not the one that took it over. */
  forgetRequest(id: string, begunAt: number): Promise<void>;

  /** Adds messages; existing ids stay unchanged. */
  addMessages(messages: readonly OutboxMessage[]): Promise<void>;
  /**
   * Leases up to `limit` messages of this target that are due by `now`: `dueAt` becomes `leaseUntil`, and `attempts`
   * rises by one. Of each order only the first message that is not dead is due.
   */
  claimMessages(target: string, lease: { now: number; leaseUntil: number; limit: number }): Promise<OutboxMessage[]>;
  /** Changes a message if it still has these attempts; returns whether it had. */
  changeMessage(id: string, attempts: number, change: OutboxChange): Promise<boolean>;
  /** Removes a message, if it still has these attempts; returns whether it did. */
  removeMessage(id: string, attempts?: number): Promise<boolean>;
  /** Makes a dead message a waiting one without attempts; returns whether it was dead. */
  replayMessage(id: string, dueAt: number, endsAt: number): Promise<boolean>;
  findMessage(id: string): Promise<OutboxMessage | undefined>;
  listMessages(filter: OutboxFilter, limit: number): Promise<OutboxMessage[]>;
  /** The number of messages of each target and state. */
  tallyMessages(): Promise<OutboxTally[]>;

  /**
   * Gives each event the next number of its auth server and stores it; skips existing ids. No number is given twice. A
   * number may stay unused after a crash.
   */
  publish(events: readonly Omit<PublishedEvent, 'number'>[]): Promise<void>;
  /**
   * Up to `limit` events of an auth server after this number, in order. A missing number before a later one belongs to
   * a gateway that is still storing its event: stop before it and read again, until it is there or `numberGapMs` have
   * passed since you first missed it. After that it stays unused.
   */
  eventsAfter(authServer: string, number: number, limit: number): Promise<PublishedEvent[]>;
  /** The last number that was given; 0 before the first. Events up to it may still be on their way. */
  lastEventNumber(authServer: string): Promise<number>;
  /**
   * Calls `listener` soon after any gateway may have stored an event of this auth server, as `onDecided` does: start
   * listening, then read. A stored event below a number that you have read calls it too, except while the store has no
   * change stream. Returns how to stop.
   */
  onPublished(authServer: string, listener: () => void): () => void;

  /** Adds an identity pin, unless its id exists. Returns the stored one. */
  pinIdentity(pin: IdentityPin): Promise<IdentityPin>;
  findIdentity(id: string): Promise<IdentityPin | undefined>;
  /** Returns whether it existed. */
  removeIdentity(id: string): Promise<boolean>;
  /** The identity pins of a realm by id, after the id `after` or from the start. */
  listIdentities(realm: string, after: string | undefined, limit: number): Promise<IdentityPin[]>;
};
