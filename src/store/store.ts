import {
  type AccountChange,
  type AdminAccount,
  type AuditEntry,
  type AuditNote,
  type AuditWriter,
  type Decision,
  type Effect,
  type EventStream,
  GatewayFault,
  type IdentityPin,
  type KeptRequest,
  type KnownClient,
  type KnownPerson,
  type OutboxMessage,
  type Owner,
  type PartitionKey,
  type PersonKey,
  type PublishedEvent,
  type PushToken,
  type PushTokenChange,
  type RelayDevice,
  type StockKey,
  type TrailEntry,
  type Transaction,
} from '../foundation/model/index.ts';
import type { AuditStore } from './audit.ts';
import type { ExchangeStore } from './exchange.ts';

export type { AuditFilter, AuditPage, AuditStore } from './audit.ts';

/**
 * The filter of a push token list; absent fields do not filter. `serial` and `user` accept `*` wildcards and ignore
 * case; `afterSerial` lists what follows it in the order of serials; `ownerKeys` as for `tokensOf`. `realm` and `resolver` are the owner's; `notResolvers` excludes owners of these
 * sources. `tokenRealm` is one of the token's own realms; `inRealms` requires one of these realms, where '' means none.
 */
export type PushTokenFilter = {
  serial?: string | undefined;
  afterSerial?: string | undefined;
  user?: string | undefined;
  ownerKeys?: readonly string[] | undefined;
  realm?: string | undefined;
  resolver?: string | undefined;
  notResolvers?: readonly string[] | undefined;
  tokenRealm?: string | undefined;
  inRealms?: readonly string[] | undefined;
  type?: string | undefined;
  enabled?: boolean | undefined;
  assigned?: boolean | undefined;
  rollout?: PushToken['rollout'] | undefined;
};

/**
 * The filter of a transaction list; absent fields do not filter. `user` matches the stored or the typed name, in any
 * case; `realms` are exact names; `since` (epoch ms) is the earliest creation. `fits` filters what the other fields let
 * through.
 */
export type TransactionFilter = {
  user?: string | undefined;
  realms?: readonly string[] | undefined;
  serial?: string | undefined;
  since?: number | undefined;
  fits(transaction: Transaction): boolean;
};

/** The number of push tokens that share these values. `locked`: the fail count is at its maximum. */
export type TokenTally = Pick<PushToken, 'type' | 'rollout' | 'enabled'> & { assigned: boolean; locked: boolean; count: number };

/** One page of a list: entries `offset` to `offset + limit` in this order. */
export type Page = { offset: number; limit: number; sortBy: 'serial' | 'createdAt' | 'user'; descending: boolean };

/** A window of a counter: its count and its end (epoch ms). */
export type Counter = { key: string; count: number; endsAt: number };

/** Overdue effects of one transaction. */
export type DueEffects = { transactionId: string; effects: Effect[] };

/** A push token and its open transactions, oldest first. */
export type TokenWithOpen = { token: PushToken; open: Transaction[] };
/** One complete record, as another store needs it to take over. */
export type StoredRecord =
  | { kind: 'token'; token: PushToken }
  | { kind: 'transaction'; transaction: Transaction; trail: TrailEntry[]; effects: Effect[]; effectsDue?: number }
  | ({ kind: 'counter' } & Counter)
  | { kind: 'stock-key'; stockKey: StockKey }
  | { kind: 'account'; account: AdminAccount }
  | { kind: 'partition-key'; partitionKey: PartitionKey }
  | { kind: 'device'; device: RelayDevice }
  | { kind: 'audit-entry'; entry: AuditEntry }
  | { kind: 'audit-writer'; writer: AuditWriter }
  | { kind: 'audit-note'; note: AuditNote }
  | { kind: 'person-key'; personKey: PersonKey }
  | { kind: 'known-client'; knownClient: KnownClient }
  | { kind: 'kept-request'; keptRequest: KeptRequest }
  | { kind: 'outbox-message'; message: OutboxMessage }
  | { kind: 'published-event'; event: PublishedEvent }
  | { kind: 'event-stream'; eventStream: EventStream }
  | { kind: 'identity-pin'; identityPin: IdentityPin };

/** A record with a secret that a key of the keyring seals. */
export type SealedRecord = Extract<StoredRecord, { kind: 'token' | 'stock-key' | 'partition-key' | 'person-key' | 'outbox-message' }>;

/**
 * The store that the engine needs. Every write is durable when its promise resolves, and invisible to readers before
 * that. An unreachable store throws the fault `store-unavailable`. Stores do not use the clock: readers decide about
 * expiry. `note` goes into the audit: it is written atomically with the act, and is due ten seconds later. Every
 * implementation passes `test/store/conformance.ts`.
 */
export type Store = AuditStore &
  ExchangeStore & {
    /** Adds a push token; `taken` when its serial exists. */
    addToken(token: PushToken, note?: AuditNote): Promise<'added' | 'taken'>;
    findToken(serial: string): Promise<PushToken | undefined>;
    /** One round trip for a phone: the push token, and the result of `openTransactionsOf`. */
    findTokenWithOpen(serial: string, now: number, most?: number): Promise<TokenWithOpen | undefined>;
    /** All push tokens whose owner has one of these keys (`ownerKeys`), by serial. Keys are compared byte by byte. */
    tokensOf(keys: readonly string[]): Promise<PushToken[]>;
    listTokens(filter: PushTokenFilter, page: Page): Promise<{ count: number; tokens: PushToken[] }>;
    /**
     * The owners of push tokens whose names are equal by `foldedName` but spelled differently; at most `limit` such
     * names, in any order. Scans all push tokens.
     */
    namesakes(limit: number): Promise<Owner[]>;
    /** The number of push tokens of this type. */
    countTokens(type: string): Promise<number>;
    /** The number of push tokens of each type and state. Scans all push tokens. */
    tallyTokens(): Promise<TokenTally[]>;
    /** Sets the fields of `change` if the push token still has `expectedVersion`, and increments the version. */
    changeToken(serial: string, expectedVersion: number, change: PushTokenChange, note?: AuditNote): Promise<'changed' | 'conflict'>;
    /**
     * Increments the fail count of each push token, up to its own maximum or to `ceiling`. Records `at` when one reaches
     * its maximum.
     */
    countFailure(serials: readonly string[], at: number, ceiling?: number): Promise<void>;
    /**
     * Resets the fail count and counts a login, once per `effect` (the id of the effect) and never for a login older than
     * the last counted one.
     */
    countLogin(serial: string, at: number, effect: string): Promise<void>;
    /** Returns whether it existed. Its open transactions stay, but can no longer be answered. */
    removeToken(serial: string, note?: AuditNote): Promise<boolean>;

    /**
     * Adds a transaction; `taken` when its id, its foreign id (per dialect and auth server) or a handle (per phone
     * protocol) exists. Its effects are stored with it, and due at `effectsDue`.
     */
    addTransaction(transaction: Transaction, effects?: readonly Effect[], effectsDue?: number): Promise<'added' | 'taken'>;
    findTransaction(id: string): Promise<Transaction | undefined>;
    findByForeignId(dialect: string, authServer: string, foreignId: string): Promise<Transaction | undefined>;
    /** The transaction with this handle, in any state. */
    findByHandle(phone: string, handle: string): Promise<Transaction | undefined>;
    /**
     * Transactions in state `open` with a challenge of this push token that is not closed (a closed one may be reopened),
     * an `answerUntil` after `now`, and no `createdAt` in the future (`isFromFuture`); at most the newest `most`. Oldest
     * first.
     */
    openTransactionsOf(serial: string, now: number, most?: number): Promise<Transaction[]>;
    /**
     * Up to `limit` transactions, newest first. For administrators only: it needs no index, and may examine only the
     * newest 20,000.
     */
    listTransactions(filter: TransactionFilter, limit: number): Promise<Transaction[]>;
    /** How many transactions are in state `open` with an `answerUntil` after `now`. */
    countOpenTransactions(now: number): Promise<number>;
    /**
     * Writes the next decision with its effects and new trail entries, if the stored one still has `expectedVersion`.
     * Effects are due at `effectsDue`. Serials and handles of challenges do not change.
     */
    decide(
      id: string,
      expectedVersion: number,
      next: Decision,
      effects: readonly Effect[],
      effectsDue: number,
      trail?: readonly TrailEntry[],
    ): Promise<'decided' | 'conflict'>;
    /**
     * Calls `listener` soon after any gateway may have changed this transaction's decision; the listener reads it again,
     * and must not throw. Spurious calls are possible, missed ones are not: start listening, then read. Returns how to
     * stop.
     */
    onDecided(transactionId: string, listener: () => void): () => void;
    /** Appends to the delivery trail; does not change the decision or its version. */
    appendTrail(transactionId: string, entries: readonly TrailEntry[]): Promise<void>;
    trailOf(transactionId: string): Promise<TrailEntry[]>;
    /** Removes effects that were carried out. */
    removeEffects(transactionId: string, effectIds: readonly string[]): Promise<void>;
    /** Leases effects due by `now` until `leaseUntil`: no other caller gets them before that. */
    claimDueEffects(now: number, leaseUntil: number, limit: number): Promise<DueEffects[]>;
    /**
     * Deletes up to `limit` transactions without effects and with `finishUntil` before `before`, and ended counters,
     * known clients, kept requests, dead messages and published events. Returns the number of transactions.
     */
    sweep(before: number, limit: number): Promise<number>;

    /** Increments the window `key`, which ends at `endsAt` if it is new; returns its count and end. */
    countUp(key: string, now: number, endsAt: number): Promise<{ count: number; endsAt: number }>;
    /** The count of the window `key`; 0 when there is none or it has ended. */
    countOf(key: string, now: number): Promise<number>;
    /** The current windows with this key prefix, by key. */
    countersFrom(beginning: string, now: number, limit: number): Promise<Counter[]>;
    /** Ends every window with this key prefix. */
    endCounters(beginning: string): Promise<void>;
    /** Decrements each of these windows, never below 0, or ends them. */
    uncount(keys: readonly string[], how: 'one' | 'all'): Promise<void>;

    /** Adds or updates a person of a client, and removes those that ended by `now`, as `withPerson` does. */
    rememberPerson(client: string, person: KnownPerson, now: number): Promise<void>;
    /** The current persons of a client at `now`, most recent first. */
    personsOf(client: string, now: number): Promise<KnownPerson[]>;

    addStockKey(key: StockKey): Promise<void>;
    /** Takes one key of this size out of the stock, for this caller only. */
    takeStockKey(bits: number): Promise<StockKey | undefined>;
    countStockKeys(bits: number): Promise<number>;

    /** Adds a shared key; `taken` when its id exists. Shared keys are never replaced. */
    addPartitionKey(key: PartitionKey): Promise<'added' | 'taken'>;
    findPartitionKey(id: string): Promise<PartitionKey | undefined>;

    findDevice(gda: string): Promise<RelayDevice | undefined>;
    /** Adds a relay device if `expectedVersion` is undefined; else changes it if it still has that version. */
    putDevice(device: RelayDevice, expectedVersion: number | undefined): Promise<'put' | 'conflict'>;
    /** Returns whether it existed in this version. */
    removeDevice(gda: string, expectedVersion: number): Promise<boolean>;
    /**
     * The relay devices of this owner with `deadSince` at or after `since`, oldest first and then by gda; of those with
     * just this `deadSince`, only the ones after the gda `after`.
     */
    deadDevices(owner: string, from: { since: number; after?: string | undefined }, limit: number): Promise<RelayDevice[]>;

    /** Adds an account; `taken` when the name exists, which stays unchanged. */
    addAccount(account: AdminAccount, note?: AuditNote): Promise<'added' | 'taken'>;
    /** Adds or replaces the account of this name. */
    putAccount(account: AdminAccount, note?: AuditNote): Promise<void>;
    /**
     * Sets one field of the account of this name. Returns whether it exists and, with `insteadOf`, still has this hash.
     */
    changeAccount(name: string, change: AccountChange, note?: AuditNote): Promise<boolean>;
    /** Returns whether it existed. */
    removeAccount(name: string, note?: AuditNote): Promise<boolean>;
    findAccount(name: string): Promise<AdminAccount | undefined>;
    listAccounts(): Promise<AdminAccount[]>;

    /**
     * Up to `limit` records of a kind after the key `after`, or from the start: by key, in the order of its UTF-8 bytes.
     */
    recordsOf(kind: StoredRecord['kind'], after: string | undefined, limit: number): Promise<StoredRecord[]>;
    /**
     * Replaces the sealed text of this record if it is unchanged; returns whether it was. Changes nothing else and no
     * version, since the secret is the same.
     */
    reseal(record: SealedRecord, sealed: string): Promise<boolean>;
    /** Writes records, replacing those of the same key; idempotent. Requires that nobody else writes meanwhile. */
    importRecords(records: readonly StoredRecord[]): Promise<void>;

    /**
     * Proves that the store accepts a write: durably replaces one small record of this prober. The sweep deletes it after
     * `endsAt` like a counter. Resolves with the time of the store's own clock (epoch ms), if it has one.
     */
    probe(prober: string, endsAt: number): Promise<{ now?: number }>;
    /** Finishes operations under way, then closes. */
    close(): Promise<void>;
  };

/** Functions of a store that are no operations: they go on after the call, or end the store. */
export const notOperations = ['onDecided', 'onPublished', 'close'] as const satisfies (keyof Store)[];

/** The operations of a store, by their names in metrics. */
export type StoreOperation = Exclude<keyof Store, (typeof notOperations)[number]>;

/** Whether a function of a store is an operation. */
export const isOperation = (name: string): name is StoreOperation => !notOperations.some((other) => other === name);

/** Another process uses the embedded store; `holder` describes that process as far as it is known. */
export class StoreInUse extends GatewayFault {
  readonly holder: string;
  constructor(path: string, holder: string, cause: unknown) {
    super(
      'config-invalid',
      `The store ${path} is in use by ${holder}. Stop that process first, or configure another file in store.path.`,
      cause,
    );
    this.holder = holder;
  }
}

/** An upper bound of all keys with this prefix. */
export const afterAllFrom = (beginning: string): string => `${beginning}\u{10ffff}`;

/** The counter key of a prober's record. */
export const probeKey = (prober: string): string => `probe ${prober}`;

/** How long a note is left to the gateway that wrote it (ms). */
export const noteLeaseMs = 10_000;

/** The part of a store for small records: counters, known clients, the key stock, shared keys, and accounts. */
export type OtherStore = Pick<
  Store,
  | 'countUp'
  | 'countOf'
  | 'countersFrom'
  | 'endCounters'
  | 'uncount'
  | 'probe'
  | 'rememberPerson'
  | 'personsOf'
  | 'addStockKey'
  | 'takeStockKey'
  | 'countStockKeys'
  | 'addPartitionKey'
  | 'findPartitionKey'
  | 'addAccount'
  | 'putAccount'
  | 'changeAccount'
  | 'removeAccount'
  | 'findAccount'
  | 'listAccounts'
>;
