import type { DatabaseSync } from 'node:sqlite';
import { foldedName, type Owner, ownerKeys } from '../../foundation/model/index.ts';

/** The `PRAGMA application_id` of a store: "PuGa" in ASCII. */
export const applicationId = 0x50754761;

/** A migration step: SQL, or a function, inside one transaction for all steps. */
export type Migration = string | ((database: DatabaseSync) => void);

/** Forward migrations: entry n turns schema n into schema n + 1. */
export const migrations: readonly Migration[] = [
  `
  CREATE TABLE tokens (
    serial TEXT PRIMARY KEY, version INTEGER NOT NULL, type TEXT NOT NULL, user TEXT, realm TEXT, rollout TEXT NOT NULL, enabled INTEGER NOT NULL,
    fail_count INTEGER NOT NULL, max_fail INTEGER NOT NULL, created_at INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tokens_owner ON tokens (user COLLATE NOCASE, realm COLLATE NOCASE) WHERE user IS NOT NULL;
  CREATE INDEX tokens_type ON tokens (type);

  CREATE TABLE transactions (
    id TEXT PRIMARY KEY, dialect TEXT NOT NULL, auth_server TEXT NOT NULL, foreign_id TEXT, body TEXT NOT NULL,
    decision TEXT NOT NULL, version INTEGER NOT NULL, finish_until INTEGER NOT NULL, effects_due INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX transactions_foreign ON transactions (dialect, auth_server, foreign_id) WHERE foreign_id IS NOT NULL;
  CREATE INDEX transactions_finish ON transactions (finish_until);
  CREATE INDEX transactions_effects ON transactions (effects_due) WHERE effects_due IS NOT NULL;

  CREATE TABLE handles (
    phone TEXT NOT NULL, handle TEXT NOT NULL, transaction_id TEXT NOT NULL, PRIMARY KEY (phone, handle)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX handles_transaction ON handles (transaction_id);

  CREATE TABLE open_challenges (
    serial TEXT NOT NULL, created_at INTEGER NOT NULL, transaction_id TEXT NOT NULL, answer_until INTEGER NOT NULL,
    PRIMARY KEY (serial, created_at, transaction_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX open_challenges_transaction ON open_challenges (transaction_id);

  CREATE TABLE effects (
    transaction_id TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (transaction_id, id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE trail (transaction_id TEXT NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE INDEX trail_transaction ON trail (transaction_id);

  CREATE TABLE counters (key TEXT PRIMARY KEY, count INTEGER NOT NULL, ends_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX counters_end ON counters (ends_at);

  CREATE TABLE stock_keys (
    id TEXT PRIMARY KEY, bits INTEGER NOT NULL, public_key TEXT NOT NULL, sealed_private_key TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX stock_keys_bits ON stock_keys (bits);

  CREATE TABLE accounts (name TEXT PRIMARY KEY, password_hash TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE partition_keys (id TEXT PRIMARY KEY, public_key TEXT NOT NULL, sealed_seed TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE devices (gda TEXT PRIMARY KEY, owner TEXT NOT NULL, version INTEGER NOT NULL, dead_since INTEGER, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX devices_dead ON devices (owner, dead_since, gda) WHERE dead_since IS NOT NULL;
  `,
  keyOwners,
  'ALTER TABLE accounts ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0',
  `
  CREATE TABLE audit (
    id TEXT PRIMARY KEY, writer TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, act TEXT, auth_server TEXT, transaction_id TEXT,
    serial TEXT, serials TEXT, subject TEXT, actor TEXT, typed TEXT, body TEXT, subject_text TEXT, actor_text TEXT, own_text TEXT, digest TEXT NOT NULL,
    hash TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX audit_chain ON audit (writer, number);
  CREATE INDEX audit_time ON audit (at, number, id);
  CREATE INDEX audit_kind ON audit (kind, at) WHERE body IS NOT NULL;
  CREATE INDEX audit_subject ON audit (subject, at) WHERE subject IS NOT NULL;
  CREATE INDEX audit_actor ON audit (actor, at) WHERE actor IS NOT NULL;
  CREATE INDEX audit_typed ON audit (typed) WHERE typed IS NOT NULL;
  CREATE INDEX audit_transaction ON audit (transaction_id) WHERE transaction_id IS NOT NULL;
  CREATE INDEX audit_serial ON audit (serial) WHERE serial IS NOT NULL;
  CREATE INDEX audit_serials ON audit (at) WHERE serials IS NOT NULL;
  CREATE TABLE audit_notes (id TEXT PRIMARY KEY, due INTEGER NOT NULL, at INTEGER NOT NULL, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX audit_notes_due ON audit_notes (due);
  CREATE TABLE audit_writers (
    writer TEXT PRIMARY KEY, number INTEGER NOT NULL, hash TEXT NOT NULL, signature TEXT NOT NULL, seen_at INTEGER NOT NULL, ended INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE person_keys (person TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, sealed_key TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  'ALTER TABLE accounts ADD COLUMN seal TEXT',
  `
  CREATE TABLE known_clients (client TEXT PRIMARY KEY, persons TEXT NOT NULL, ends_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX known_clients_end ON known_clients (ends_at);
  `,
  // In a table without rowids, SQLite reads each long row that a search passes to its end. The fields that logins
  // change move out of the body; two indexes of transactions are redundant.
  `
  ALTER TABLE tokens RENAME TO old_tokens;
  CREATE TABLE tokens (
    serial TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL, type TEXT NOT NULL, user TEXT, folded_user TEXT, realm TEXT, rollout TEXT NOT NULL,
    enabled INTEGER NOT NULL, fail_count INTEGER NOT NULL, max_fail INTEGER NOT NULL, exceeded_at INTEGER, login_count INTEGER NOT NULL, last_login_at INTEGER,
    last_login_effect TEXT, created_at INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT;
  INSERT INTO tokens (serial, version, type, user, folded_user, realm, rollout, enabled, fail_count, max_fail, exceeded_at, login_count, last_login_at,
      last_login_effect, created_at, body)
    SELECT serial, version, type, user, folded_user, realm, rollout, enabled, fail_count, max_fail, body ->> '$.exceededAt', body ->> '$.loginCount',
      body ->> '$.lastLogin.at', body ->> '$.lastLogin.effect', created_at, json_remove(body, '$.exceededAt', '$.loginCount', '$.lastLogin')
    FROM old_tokens;
  DROP TABLE old_tokens;
  CREATE INDEX tokens_type ON tokens (type);
  CREATE INDEX tokens_folded_user ON tokens (folded_user) WHERE folded_user IS NOT NULL;
  CREATE INDEX tokens_lower_serial ON tokens (lower(serial));
  DROP INDEX handles_transaction;
  DROP INDEX open_challenges_transaction;

  ALTER TABLE transactions RENAME TO old_transactions;
  CREATE TABLE transactions (
    id TEXT PRIMARY KEY NOT NULL, dialect TEXT NOT NULL, auth_server TEXT NOT NULL, foreign_id TEXT, body TEXT NOT NULL,
    decision TEXT NOT NULL, version INTEGER NOT NULL, finish_until INTEGER NOT NULL, effects_due INTEGER
  ) STRICT;
  INSERT INTO transactions (id, dialect, auth_server, foreign_id, body, decision, version, finish_until, effects_due)
    SELECT id, dialect, auth_server, foreign_id, body, decision, version, finish_until, effects_due FROM old_transactions;
  DROP TABLE old_transactions;
  CREATE UNIQUE INDEX transactions_foreign ON transactions (dialect, auth_server, foreign_id) WHERE foreign_id IS NOT NULL;
  CREATE INDEX transactions_finish ON transactions (finish_until);
  CREATE INDEX transactions_effects ON transactions (effects_due) WHERE effects_due IS NOT NULL;

  ALTER TABLE stock_keys RENAME TO old_stock_keys;
  CREATE TABLE stock_keys (
    id TEXT PRIMARY KEY NOT NULL, bits INTEGER NOT NULL, public_key TEXT NOT NULL, sealed_private_key TEXT NOT NULL
  ) STRICT;
  INSERT INTO stock_keys (id, bits, public_key, sealed_private_key) SELECT id, bits, public_key, sealed_private_key FROM old_stock_keys;
  DROP TABLE old_stock_keys;
  CREATE INDEX stock_keys_bits ON stock_keys (bits);

  ALTER TABLE devices RENAME TO old_devices;
  CREATE TABLE devices (gda TEXT PRIMARY KEY NOT NULL, owner TEXT NOT NULL, version INTEGER NOT NULL, dead_since INTEGER, body TEXT NOT NULL) STRICT;
  INSERT INTO devices (gda, owner, version, dead_since, body) SELECT gda, owner, version, dead_since, body FROM old_devices;
  DROP TABLE old_devices;
  CREATE INDEX devices_dead ON devices (owner, dead_since, gda) WHERE dead_since IS NOT NULL;
  `,
  `
  CREATE TABLE kept_requests (
    id TEXT PRIMARY KEY, digest TEXT NOT NULL, resource TEXT, begun_at INTEGER NOT NULL, ends_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX kept_requests_end ON kept_requests (ends_at);
  `,
  `
  CREATE TABLE outbox (
    id TEXT PRIMARY KEY NOT NULL, target TEXT NOT NULL, ordering TEXT NOT NULL, position INTEGER NOT NULL, auth_server TEXT NOT NULL,
    payload TEXT NOT NULL, created_at INTEGER NOT NULL, due_at INTEGER NOT NULL, claimable_at INTEGER NOT NULL, ends_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL, last_error TEXT, state TEXT NOT NULL
  ) STRICT;
  CREATE INDEX outbox_due ON outbox (target, claimable_at) WHERE state <> 'dead';
  CREATE INDEX outbox_order ON outbox (target, ordering, position, id) WHERE state <> 'dead';
  CREATE INDEX outbox_state ON outbox (target, state, created_at);
  CREATE INDEX outbox_dead ON outbox (ends_at) WHERE state = 'dead';
  `,
  `
  CREATE TABLE published_events (
    id TEXT PRIMARY KEY NOT NULL, auth_server TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, transaction_id TEXT NOT NULL,
    kind TEXT NOT NULL, data TEXT NOT NULL, ends_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX published_events_number ON published_events (auth_server, number);
  CREATE INDEX published_events_end ON published_events (ends_at);
  CREATE TABLE event_streams (auth_server TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE identity_pins (
    id TEXT PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL, user TEXT NOT NULL, realm TEXT NOT NULL, at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX identity_pins_realm ON identity_pins (realm, id);
  `,
];

/** Stores the owner keys of each push token, and the folded name for list searches. Does not change owners. */
function keyOwners(database: DatabaseSync): void {
  database.exec(`
    DROP INDEX tokens_owner;
    ALTER TABLE tokens ADD COLUMN folded_user TEXT;
    CREATE TABLE owner_keys (key TEXT NOT NULL, serial TEXT NOT NULL, PRIMARY KEY (key, serial)) STRICT, WITHOUT ROWID;
    CREATE INDEX owner_keys_serial ON owner_keys (serial);
  `);
  const fold = database.prepare('UPDATE tokens SET folded_user = ? WHERE serial = ?');
  const add = database.prepare('INSERT INTO owner_keys (key, serial) VALUES (?, ?)');
  for (const { serial, owner } of database.prepare(`SELECT serial, body ->> '$.owner' AS owner FROM tokens WHERE user IS NOT NULL`).all()) {
    const known: Owner = JSON.parse(String(owner));
    fold.run(foldedName(known.user), String(serial));
    for (const key of ownerKeys(known)) add.run(key, String(serial));
  }
}
