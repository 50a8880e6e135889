import type { KeptRequest, OutboxChange, OutboxMessage } from '../foundation/model/index.ts';

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
};
