import { DatabaseSync } from 'node:sqlite';
import {
  type Challenge,
  nameKey,
  type OutboxMessage,
  type PushToken,
  type RelayDevice,
  type Transaction,
} from '../../src/foundation/model/index.ts';

/** The keys by which a store finds the push tokens of a name, in a case-sensitive realm. */
export const keysOf = (user: string, realm = 'corp'): string[] => [nameKey({ user, realm })];

/** An enrolled push token of alice, with the changes in `over`. */
export function givenPushToken(over: Partial<PushToken> = {}): PushToken {
  return {
    serial: 'PIPU00010001',
    bucket: 1,
    version: 0,
    createdAt: 1,
    type: 'push',
    owner: { user: 'alice', realm: 'corp', resolver: '' },
    realms: ['corp'],
    description: '',
    rollout: 'enrolled',
    enabled: true,
    revoked: false,
    failCount: 0,
    maxFail: 10,
    phone: { protocol: 'pipush', flavour: 'privacyidea', part: {} },
    addresses: [],
    capabilities: [],
    registrationUrl: 'https://mfa.example.com/ttype/push',
    rolloutCredential: { digest: '', expiresAt: 0 },
    loginCount: 0,
    ...over,
  };
}

/** A pending challenge for one push token. */
export function givenChallenge(over: Partial<Challenge> = {}): Challenge {
  return {
    serial: 'PIPU00010001',
    phoneKey: '',
    phone: 'pipush',
    handle: 'NONCE1',
    mode: 'confirm',
    payload: '{}',
    state: 'pending',
    maxWrong: 2,
    wrongTries: 0,
    ...over,
  };
}

/** An open transaction: alice's phone may answer until 1000, and it may be finished until 2000. */
export function givenTransaction(over: Partial<Transaction> = {}, challenges: Challenge[] = [givenChallenge()]): Transaction {
  return {
    id: '00100000000000000001',
    bucket: 1,
    kind: 'login',
    authServer: 'vpn',
    dialect: 'privacyidea',
    user: 'alice',
    realm: 'corp',
    createdAt: 1,
    decision: {
      rule: { declineSettles: true, consume: 'once', graceMs: 0 },
      state: 'open',
      answerUntil: 1000,
      finishUntil: 2000,
      challenges,
      version: 0,
    },
    ...over,
  };
}

/** A relay device of the auth server `linotp`, with an FCM address. */
export function givenDevice(over: Partial<RelayDevice> = {}): RelayDevice {
  const addresses = [{ kind: 'fcm' as const, value: 'fcm-token-1', since: 1 }];
  return { gda: 'DEADBEEF', owner: 'linotp', version: 0, addresses, platform: 'android', lastSeen: 1, ...over };
}

/** A message of the outbox to the web hook `billing`, due at 100. */
export function givenMessage(over: Partial<OutboxMessage> = {}): OutboxMessage {
  return {
    id: 'm1',
    target: 'hook:billing',
    order: 't1',
    position: 1,
    authServer: 'shop',
    payload: 'sealed',
    createdAt: 50,
    dueAt: 100,
    endsAt: 10_000,
    attempts: 0,
    state: 'waiting',
    ...over,
  };
}

/** Undoes the owner keys in the file of an embedded store: back to schema 3. */
export function forgetOwnerKeys(path: string): void {
  const database = new DatabaseSync(path);
  forgetRowids(database);
  database.exec(`
    DROP TABLE kept_requests; DROP TABLE outbox; DROP TABLE published_events; DROP TABLE event_streams; DROP TABLE identity_pins;
    DROP TABLE owner_keys; ALTER TABLE tokens DROP COLUMN folded_user; PRAGMA user_version = 3;
    ALTER TABLE accounts DROP COLUMN disabled;
    ALTER TABLE accounts DROP COLUMN seal;
    DROP TABLE audit; DROP TABLE audit_notes; DROP TABLE audit_writers; DROP TABLE person_keys; DROP TABLE known_clients;
    CREATE INDEX tokens_owner ON tokens (user COLLATE NOCASE, realm COLLATE NOCASE) WHERE user IS NOT NULL;
  `);
  database.close();
}

/** Removes what phones announce from the push tokens in the file of an embedded store, as older versions wrote them. */
export function forgetAnnouncements(path: string): void {
  const database = new DatabaseSync(path);
  database.exec(`UPDATE tokens SET body = json_remove(body, '$.capabilitiesKnown')`);
  database.close();
}

/** Undoes the rowids of tables with long rows: back to schema 8. */
function forgetRowids(database: DatabaseSync): void {
  database.exec(`
    CREATE INDEX handles_transaction ON handles (transaction_id);
    CREATE INDEX open_challenges_transaction ON open_challenges (transaction_id);
    ALTER TABLE tokens RENAME TO new_tokens;
    CREATE TABLE tokens (
      serial TEXT PRIMARY KEY, version INTEGER NOT NULL, type TEXT NOT NULL, user TEXT, realm TEXT, rollout TEXT NOT NULL, enabled INTEGER NOT NULL,
      fail_count INTEGER NOT NULL, max_fail INTEGER NOT NULL, created_at INTEGER NOT NULL, body TEXT NOT NULL, folded_user TEXT
    ) STRICT, WITHOUT ROWID;
    INSERT INTO tokens
      SELECT serial, version, type, user, realm, rollout, enabled, fail_count, max_fail, created_at,
        json_patch(body, json_object('loginCount', login_count, 'exceededAt', exceeded_at,
          'lastLogin', iif(last_login_at IS NULL, NULL, json_object('at', last_login_at, 'effect', last_login_effect)))), folded_user
      FROM new_tokens;
    DROP TABLE new_tokens;
    CREATE INDEX tokens_type ON tokens (type);
  `);
  for (const [table, indexes] of Object.entries(indexesOfRowidTables)) {
    const { sql } = database.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').get(table) ?? {};
    database.exec(`ALTER TABLE ${table} RENAME TO new_${table}`);
    database.exec(`${String(sql)}, WITHOUT ROWID; INSERT INTO ${table} SELECT * FROM new_${table}; DROP TABLE new_${table}; ${indexes}`);
  }
}

const indexesOfRowidTables = {
  transactions: `
    CREATE UNIQUE INDEX transactions_foreign ON transactions (dialect, auth_server, foreign_id) WHERE foreign_id IS NOT NULL;
    CREATE INDEX transactions_finish ON transactions (finish_until);
    CREATE INDEX transactions_effects ON transactions (effects_due) WHERE effects_due IS NOT NULL`,
  stock_keys: 'CREATE INDEX stock_keys_bits ON stock_keys (bits)',
  devices: 'CREATE INDEX devices_dead ON devices (owner, dead_since, gda) WHERE dead_since IS NOT NULL',
};
