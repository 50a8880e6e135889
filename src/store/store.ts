import {
  type AccountChange,
  type AdminAccount,
  type AuditEntry,
  type AuditNote,
  type AuditWriter,
  type Decision,
  type Effect,
  GatewayFault,
  type KnownClient,
  type KnownPerson,
  type Owner,
  type PartitionKey,
  type PersonKey,
  type PushToken,
  type PushTokenChange,
  type RelayDevice,
  type StockKey,
  type TrailEntry,
  type Transaction,
} from '../foundation/model/index.ts';

/**
 * Which push tokens a list shows; an absent field asks nothing. `serial` and `user` take `*` for any text, in any case; `ownerKeys` as for `tokensOf`.
 * `realm` and `resolver` are those of the owner, `notResolvers` leaves owners of these sources out, `tokenRealm` is one of the realms of the push token
 * itself, and `inRealms` are realms one of which it has; '' there stands for none at all.
 */
export type PushTokenFilter = {
  serial?: string | undefined;
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
 * Which transactions a list shows; an absent field asks nothing. `user` is the user's name or the one that was typed, in any case; `realms` are exact names;
 * `since` (epoch ms) is the earliest moment of creation. `fits` is asked of each transaction that the other fields let through.
 */
export type TransactionFilter = {
  user?: string | undefined;
  realms?: readonly string[] | undefined;
  serial?: string | undefined;
  since?: number | undefined;
  fits(transaction: Transaction): boolean;
};

/** How many push tokens are alike in all of this. `locked`: the fail count is at its maximum. */
export type TokenTally = Pick<PushToken, 'type' | 'rollout' | 'enabled'> & { assigned: boolean; locked: boolean; count: number };

/** One page of a list: entries `offset` to `offset + limit`, in the order asked for. */
export type Page = { offset: number; limit: number; sortBy: 'serial' | 'createdAt' | 'user'; descending: boolean };

/**
 * Which entries of the audit a list shows; an absent field asks nothing. `persons` are ids of keys (`subject`) and `typed` is a folded name: one of both fits
 * where one is there; `actors` and `typedActor` likewise. `from` and `until` (epoch ms) take in their own moment and leave it out. What lost its content fits time alone.
 */
export type AuditFilter = {
  persons?: readonly string[] | undefined;
  typed?: string | undefined;
  actors?: readonly string[] | undefined;
  typedActor?: string | undefined;
  serial?: string | undefined;
  transaction?: string | undefined;
  authServer?: string | undefined;
  kinds?: readonly string[] | undefined;
  acts?: readonly string[] | undefined;
  hasContent?: true | undefined;
  from?: number | undefined;
  until?: number | undefined;
};

/**
 * One page of the audit: newest first unless `ascending`, and of one moment by number; `after` is the last entry of the page before it.
 */
export type AuditPage = {
  limit: number;
  after?: Pick<AuditEntry, 'at' | 'number' | 'id'> | undefined;
  offset?: number | undefined;
  ascending?: boolean | undefined;
};

/** A window of a counter: what it has come to, and its end (epoch ms). */
export type Counter = { key: string; count: number; endsAt: number };

/** The effects of one transaction that nobody carried out in time. */
export type DueEffects = { transactionId: string; effects: Effect[] };

/** A push token and its transactions that can still be answered, oldest first. */
export type TokenWithOpen = { token: PushToken; open: Transaction[] };
/** One record as a store holds it, with all that belongs to it: what another store needs to go on where this one ended. */
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
  | { kind: 'known-client'; knownClient: KnownClient };

/** A record that holds a secret, which a key of the keyring seals. */
export type SealedRecord = Extract<StoredRecord, { kind: 'token' | 'stock-key' | 'partition-key' | 'person-key' }>;

/**
 * What the engine needs of a store. Every write is durable when its promise resolves; no reader sees a write before that. A store that
 * cannot be reached throws the fault `store-unavailable`. Nothing here looks at the clock: expiry is decided by who reads. `note` goes into the audit: it is
 * written in the same update as what it tells of, or not at all, and is due ten seconds after its moment.
 * Every implementation passes `test/store/conformance.ts`.
 */
export type Store = {
  /** Adds a push token; `taken` when its serial exists. */
  addToken(token: PushToken, note?: AuditNote): Promise<'added' | 'taken'>;
  findToken(serial: string): Promise<PushToken | undefined>;
  /** What a phone comes for, in one round trip: the push token, and with it what `openTransactionsOf` would find. */
  findTokenWithOpen(serial: string, now: number, most?: number): Promise<TokenWithOpen | undefined>;
  /** All push tokens whose owner has one of these keys (`ownerKeys`), by serial. Keys are compared byte by byte. */
  tokensOf(keys: readonly string[]): Promise<PushToken[]>;
  listTokens(filter: PushTokenFilter, page: Page): Promise<{ count: number; tokens: PushToken[] }>;
  /**
   * The owners of push tokens whose names are one as `foldedName` makes them, but are written in several ways; of no more than `limit` such names, in no
   * order. It looks at every push token.
   */
  namesakes(limit: number): Promise<Owner[]>;
  /** How many push tokens of this type exist. */
  countTokens(type: string): Promise<number>;
  /** How many push tokens there are of each type and state. It looks at every push token. */
  tallyTokens(): Promise<TokenTally[]>;
  /** Sets the fields of `change` if the push token still has `expectedVersion`, and raises the version by one. */
  changeToken(serial: string, expectedVersion: number, change: PushTokenChange, note?: AuditNote): Promise<'changed' | 'conflict'>;
  /**
   * Raises the fail count of each push token by one, up to its own maximum, or to `ceiling` where that is given. The one that reaches the
   * maximum is noted with its moment `at`.
   */
  countFailure(serials: readonly string[], at: number, ceiling?: number): Promise<void>;
  /**
   * Resets the fail count, and when it was exceeded, and counts a login, once per `effect` (the id of the effect that asks for it) and never for an older login
   * than the last one counted.
   */
  countLogin(serial: string, at: number, effect: string): Promise<void>;
  /** True when there was one. Its open transactions stay, and can no longer be answered. */
  removeToken(serial: string, note?: AuditNote): Promise<boolean>;

  /** Adds a transaction; `taken` when its id, its foreign id (per dialect and auth server) or a handle (per phone protocol) exists. */
  addTransaction(transaction: Transaction): Promise<'added' | 'taken'>;
  findTransaction(id: string): Promise<Transaction | undefined>;
  findByForeignId(dialect: string, authServer: string, foreignId: string): Promise<Transaction | undefined>;
  /** The transaction with this handle, settled or not. */
  findByHandle(phone: string, handle: string): Promise<Transaction | undefined>;
  /**
   * Transactions in state `open` with a challenge for this push token that is not closed (one that was may be asked again), whose `answerUntil` is after `now`, and that do not come from the
   * future (`isFromFuture`); the newest `most` of them, where that is given. Oldest first.
   */
  openTransactionsOf(serial: string, now: number, most?: number): Promise<Transaction[]>;
  /** Up to `limit` transactions, newest first. No index serves it: it is for people, and may look at the newest 20,000 only. */
  listTransactions(filter: TransactionFilter, limit: number): Promise<Transaction[]>;
  /** How many transactions are in state `open` with an `answerUntil` after `now`. */
  countOpenTransactions(now: number): Promise<number>;
  /**
   * Writes the next decision, and its effects and what is new in its delivery trail with it, if the stored one still has `expectedVersion`. Effects are due at
   * `effectsDue`. The challenges keep their serials and handles.
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
   * Calls `listener` soon after the decision of this transaction may have changed, whichever gateway changed it; the listener reads again,
   * and must not throw. It may be called in vain, never too seldom: begin to wait, then read. Returns how to stop.
   */
  onDecided(transactionId: string, listener: () => void): () => void;
  /** Adds to the delivery trail; never touches the decision or its version. */
  appendTrail(transactionId: string, entries: readonly TrailEntry[]): Promise<void>;
  trailOf(transactionId: string): Promise<TrailEntry[]>;
  /** Effects that were carried out: takes them off. */
  removeEffects(transactionId: string, effectIds: readonly string[]): Promise<void>;
  /** Leases effects due at `now` or before until `leaseUntil`: nobody else is given them before that. */
  claimDueEffects(now: number, leaseUntil: number, limit: number): Promise<DueEffects[]>;
  /** Deletes up to `limit` transactions whose `finishUntil` is before `before` and that have no effects left, and counters and known clients that ended. Returns how many transactions went. */
  sweep(before: number, limit: number): Promise<number>;

  /** Counts one more in the window `key`, which ends at `endsAt` if it is new; the count so far and the window's end. */
  countUp(key: string, now: number, endsAt: number): Promise<{ count: number; endsAt: number }>;
  /** The count so far of the window `key`; 0 where there is none, or it has ended. */
  countOf(key: string, now: number): Promise<number>;
  /** The windows whose keys begin so and that have not ended, by key. */
  countersFrom(beginning: string, now: number, limit: number): Promise<Counter[]>;
  /** Ends every window whose key begins so. */
  endCounters(beginning: string): Promise<void>;
  /** Takes one off each of these windows, never below nothing, or ends them. */
  uncount(keys: readonly string[], how: 'one' | 'all'): Promise<void>;

  /** Remembers a person of a client in place of what is known of the same person, and forgets those whose time is over at `now`: `withPerson`. */
  rememberPerson(client: string, person: KnownPerson, now: number): Promise<void>;
  /** The persons of a client whose time is not over at `now`, the last one first. */
  personsOf(client: string, now: number): Promise<KnownPerson[]>;

  addStockKey(key: StockKey): Promise<void>;
  /** Takes one key of this size out of the stock: no one else gets the same. */
  takeStockKey(bits: number): Promise<StockKey | undefined>;
  countStockKeys(bits: number): Promise<number>;

  /** Adds a key that push tokens share; `taken` when its id exists: no such key is ever replaced. */
  addPartitionKey(key: PartitionKey): Promise<'added' | 'taken'>;
  findPartitionKey(id: string): Promise<PartitionKey | undefined>;

  findDevice(gda: string): Promise<RelayDevice | undefined>;
  /** Writes a relay device: adds it where `expectedVersion` is undefined, else changes it if it still has that version. */
  putDevice(device: RelayDevice, expectedVersion: number | undefined): Promise<'put' | 'conflict'>;
  /** True when it was there in this version. */
  removeDevice(gda: string, expectedVersion: number): Promise<boolean>;
  /** The relay devices of this owner with `deadSince` at `since` or later, the oldest first. */
  deadDevices(owner: string, since: number, limit: number): Promise<RelayDevice[]>;

  /** Adds an account; `taken` when one of this name exists, which stays as it is. */
  addAccount(account: AdminAccount, note?: AuditNote): Promise<'added' | 'taken'>;
  /** Adds or replaces the account of this name. */
  putAccount(account: AdminAccount, note?: AuditNote): Promise<void>;
  /** Sets one field of the account of this name and leaves the others as they are. True when there is one; with `insteadOf`: one that has this hash still. */
  changeAccount(name: string, change: AccountChange, note?: AuditNote): Promise<boolean>;
  /** True when there was one. */
  removeAccount(name: string, note?: AuditNote): Promise<boolean>;
  findAccount(name: string): Promise<AdminAccount | undefined>;
  listAccounts(): Promise<AdminAccount[]>;

  /** Notes due at `now` or before: leases them until `leaseUntil`, so that nobody else is given them before that. */
  claimNotes(now: number, leaseUntil: number, limit: number): Promise<AuditNote[]>;
  /** Notes that are entries now: takes them off. */
  removeNotes(ids: readonly string[]): Promise<void>;
  /**
   * Adds entries, in this order. One that is there already with the same writer and number is passed over. Returns the id of the first one that is there with
   * another writer or number; those before it are added, those after it are not.
   */
  appendAudit(entries: readonly AuditEntry[]): Promise<string | undefined>;
  listAudit(filter: AuditFilter, page: AuditPage): Promise<AuditEntry[]>;
  countAudit(filter: AuditFilter): Promise<number>;
  findAudit(id: string): Promise<AuditEntry | undefined>;
  /** Entries of one chain behind this number, in order. */
  auditChain(writer: string, behind: number, limit: number): Promise<AuditEntry[]>;
  /** Takes all but `id`, `writer`, `number`, `at`, `kind`, `digest` and `hash` from up to `limit` entries of these kinds from before `before`; how many. */
  expireAudit(kinds: readonly string[], before: number, limit: number): Promise<number>;
  /** Takes the clear text of this person from up to `limit` entries; how many. */
  eraseClearText(person: string, limit: number): Promise<number>;
  /** Takes the clear text that is of no known person from these entries, and the names that they are found by. */
  eraseTyped(ids: readonly string[]): Promise<void>;
  /** The writers of all entries. */
  auditWriterNames(): Promise<string[]>;
  /** All chains, or those that have not ended, by writer. */
  auditWriters(which?: 'running'): Promise<AuditWriter[]>;
  putAuditWriter(writer: AuditWriter): Promise<void>;
  /** Ends a chain whose gateway was last heard of at that moment; true for one of those who ask at the same time. */
  endAuditWriter(writer: string, seenAt: number): Promise<boolean>;
  /** Adds keys of persons who have none; those that are there stay. */
  addPersonKeys(keys: readonly PersonKey[]): Promise<void>;
  findPersonKeys(persons: readonly string[]): Promise<PersonKey[]>;
  /** The keys of all persons that begin so. */
  personKeysFrom(beginning: string): Promise<PersonKey[]>;
  /** All keys of these ids. */
  personKeysOf(ids: readonly string[]): Promise<PersonKey[]>;
  /** True when there was one. */
  removePersonKey(id: string): Promise<boolean>;

  /** Up to `limit` records of a kind behind the one with the key `after`, from the first one on without it: by key, in the order of its UTF-8 bytes. */
  recordsOf(kind: StoredRecord['kind'], after: string | undefined, limit: number): Promise<StoredRecord[]>;
  /**
   * Puts another sealed text in the place of that of this record, where that still stands; true where it did. Nothing else changes, nor does a version: the
   * secret is the same.
   */
  reseal(record: SealedRecord, sealed: string): Promise<boolean>;
  /** Puts records in, each over the one of the same key; done again it changes nothing. Nobody else may write meanwhile. */
  importRecords(records: readonly StoredRecord[]): Promise<void>;

  /**
   * Proves that the store takes a write: puts one small record in the place of this prober's last one, as durably as any other. The sweep
   * deletes it after `endsAt` like a counter. Resolves with the time of the store's own clock (epoch ms) where it has one.
   */
  probe(prober: string, endsAt: number): Promise<{ now?: number }>;
  /** Finishes what is under way, then closes. */
  close(): Promise<void>;
};

/** What a store can be asked, by its name in metrics. */
export type StoreOperation = Exclude<keyof Store, 'onDecided' | 'close'>;

/** The embedded store is another process's; `holder` says whose, as far as that is known. */
export class StoreInUse extends GatewayFault {
  readonly holder: string;
  constructor(path: string, holder: string, cause: unknown) {
    super(
      'config-invalid',
      `The store ${path} is in use by ${holder}. Stop that process first, or name another file in store.path.`,
      cause,
    );
    this.holder = holder;
  }
}

/** Behind every key that begins so. */
export const afterAllFrom = (beginning: string): string => `${beginning}\u{10ffff}`;

/** The counter that a prober's record is. */
export const probeKey = (prober: string): string => `probe ${prober}`;

/** The part of a store that keeps the audit. */
export type AuditStore = Pick<
  Store,
  | 'claimNotes'
  | 'removeNotes'
  | 'appendAudit'
  | 'listAudit'
  | 'countAudit'
  | 'findAudit'
  | 'auditChain'
  | 'expireAudit'
  | 'eraseClearText'
  | 'eraseTyped'
  | 'auditWriterNames'
  | 'auditWriters'
  | 'putAuditWriter'
  | 'endAuditWriter'
  | 'addPersonKeys'
  | 'findPersonKeys'
  | 'personKeysFrom'
  | 'personKeysOf'
  | 'removePersonKey'
>;

/** How long a note is left to the gateway that wrote it, from its moment on. */
export const noteLeaseMs = 10_000;

/** The part of a store that keeps small records: counters, known clients, the stock of keys, shared keys, and accounts. */
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
