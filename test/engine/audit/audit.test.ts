import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Audit, openAudit, openAuditTool } from '../../../src/engine/audit/index.ts';
import { newKeyring, openKeyring } from '../../../src/foundation/keyring/index.ts';
import { type GatewayEvent, GatewayFault, localActor } from '../../../src/foundation/model/index.ts';
import { openLog } from '../../../src/foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/index.ts';
import type { Store } from '../../../src/store/store.ts';
import { fakeClock, minutes, seconds } from '../../kit/clock.ts';
import { givenPushToken, givenTransaction } from '../../kit/records.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

const origin = { authServer: 'vpn', dialect: 'privacyidea', client: '192.0.2.7' };
const by = { ...localActor('root'), client: '198.51.100.4' };
const started = (user: string, transaction: string): GatewayEvent => ({
  kind: 'login-started',
  origin,
  transaction,
  user,
  realm: 'corp',
  serials: ['S1'],
});
const refused = (user: string, reason: 'unknown-user' | 'wrong-pin'): GatewayEvent => ({
  kind: 'login-refused',
  origin,
  reason,
  serials: [],
  user,
  realm: 'corp',
});
const deleted: GatewayEvent = { kind: 'token-administered', act: 'delete', serial: 'S1', by, user: 'alice', realm: 'corp' };

describe('The audit', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  type Given = {
    path: string;
    clock: ReturnType<typeof fakeClock>;
    keyring: ReturnType<typeof openKeyring>;
    told: GatewayEvent[];
    open: (more?: { through?: (store: Store) => Store; aloneInStore?: boolean; room?: number }) => Promise<{ store: Store; audit: Audit }>;
  };

  /** `open` opens store and audit; a test closes the store, as a death would, or the audit before it. */
  const given = (): Given => {
    const path = join(temporaryFolder(undo), 'pushgate.db');
    const clock = fakeClock(1_000_000);
    const keyring = openKeyring(newKeyring(0));
    const told: GatewayEvent[] = [];
    const log = openLog('silent');
    return {
      path,
      clock,
      keyring,
      told,
      async open({ through = (store: Store) => store, aloneInStore = true, ...more } = {}) {
        const store = await openEmbeddedStore({ path, log });
        undo.later(() => store.close());
        const tell = (event: GatewayEvent) => void told.push(event);
        const audit = await openAudit({ store: through(store), keyring, clock, log, tell, aloneInStore, ...more });
        undo.later(() => audit.close());
        return { store, audit };
      },
    };
  };

  const kindsOf = async (audit: Audit, query = {}): Promise<string> => {
    await audit.flush();
    const found = await audit.list(query, { limit: 100 });
    assert.ok(found.ok);
    return found.value.lines.map(({ kind, fields }) => String(fields?.reason ?? fields?.act ?? kind)).join(' ');
  };

  it('tells what happened by who, whom, where and when, and nothing to who asks for others', async () => {
    const { clock, open } = given();
    const { audit } = await open();
    audit.take(started('Alice', 't1'));
    audit.take(refused('bob', 'wrong-pin'));
    audit.take(refused('mallory', 'unknown-user'));
    clock.advance(minutes(1));
    audit.take(deleted);
    audit.take({ kind: 'administrator-refused', administrator: 'Mallory', client: '192.0.2.9' });
    for (const [query, expected] of [
      [{ user: 'alice' }, 'delete login-started'],
      [{ user: 'ALICE', realm: 'Corp' }, 'delete login-started'],
      [{ user: 'alice', realm: 'guests' }, ''],
      [{ user: 'bob' }, 'wrong-pin'],
      [{ user: 'mallory' }, 'unknown-user'],
      [{ administrator: 'mallory' }, 'administrator-refused'],
      [{ user: 'ali' }, ''],
      [{ administrator: 'root' }, 'delete'],
      [{ administrator: 'admin' }, ''],
      [{ serial: 'S1' }, 'delete login-started'],
      [{ transaction: 't1' }, 'login-started'],
      [{ authServer: 'vpn', kinds: ['login-refused'] }, 'unknown-user wrong-pin'],
      [{ from: clock() }, 'administrator-refused delete'],
      [{ kinds: ['login-refused'], until: clock() - 1 }, 'unknown-user wrong-pin'],
    ] as const)
      assert.equal(await kindsOf(audit, query), expected, JSON.stringify(query));
    const [line] = await listed(audit, { serial: 'S1' });
    assert.deepEqual(line?.fields, { act: 'delete', serial: 'S1', by, user: 'alice', realm: 'corp' });
    assert.deepEqual(await audit.find(line?.id ?? ''), line);
  });

  const listed = async (audit: Audit, query = {}) => {
    const found = await audit.list(query, { limit: 100 });
    return found.ok ? found.value.lines : [];
  };

  it('goes on page by page, and takes no cursor of another query', async () => {
    const { open } = given();
    const { audit } = await open();
    for (const name of ['a', 'b', 'c', 'd']) audit.take(started(name, name));
    await audit.flush();
    const query = { kinds: ['login-started'] };
    const first = await audit.list(query, { limit: 3 });
    assert.ok(first.ok && first.value.next !== undefined && first.value.lines.length === 3);
    const second = await audit.list(query, { limit: 3, cursor: first.value.next });
    assert.ok(second.ok && second.value.lines.length === 1 && second.value.next === undefined);
    for (const cursor of [first.value.next, 'nonsense', ''])
      assert.equal((await audit.list({ serial: 'S1' }, { limit: 3, cursor })).ok, false);
  });

  it('takes over what a crash left beside its act, once, whoever else takes it over at the same time', async () => {
    const { clock, open } = given();
    const { store, audit } = await open();
    // given a token that was deleted, and a login that was declined, by a gateway that died at that moment
    const told = (id: string, event: GatewayEvent) => ({ id, at: clock(), event });
    const note = (id: string, event: GatewayEvent) => audit.seal(told(id, event));
    await store.addToken(givenPushToken(), note('n1', deleted));
    await store.addTransaction(givenTransaction());
    const next = { ...givenTransaction().decision, version: 1 };
    const effect = { kind: 'noted' as const, ...note('n2', started('alice', 't2')) };
    await store.decide(givenTransaction().id, 0, next, [effect], 0);
    // when it is found twice, by two sweeps
    clock.advance(seconds(10));
    assert.equal(await audit.sweep(), 1);
    audit.chain([told('n1', deleted)], 'by-itself');
    audit.takeOver([effect], { transaction: givenTransaction().id });
    await audit.flush();
    audit.takeOver([note('n1', deleted), note('n3', deleted)], 'by-itself');
    await audit.flush();
    // then it stands there once, and nothing is left beside the acts
    const kinds = (await kindsOf(audit, { user: 'alice' })).split(' ').sort();
    assert.deepEqual(kinds, ['delete', 'delete', 'login-started'], 'n1, n2 and n3');
    assert.deepEqual(await store.claimNotes(Number.MAX_SAFE_INTEGER, 0, 10), []);
    assert.deepEqual(await store.claimDueEffects(Number.MAX_SAFE_INTEGER, 0, 10), []);
    assert.equal((await audit.verify()).problem, undefined);
  });

  it('writes the same entries again where nobody knows whether they were written', async () => {
    const { open } = given();
    // given a store that loses its first two acknowledgements, one before the write and one after
    let calls = 0;
    const lossy = (store: Store): Store => ({
      ...store,
      async appendAudit(entries) {
        calls += 1;
        if (calls === 2) throw new GatewayFault('store-unavailable', 'gone');
        const taken = await store.appendAudit(entries);
        if (calls === 3) throw new GatewayFault('store-unavailable', 'gone');
        return taken;
      },
    });
    const { audit } = await open({ through: lossy });
    audit.take(refused('bob', 'unknown-user'));
    await assert.rejects(audit.flush(), { code: 'store-unavailable' });
    audit.take(started('alice', 't'));
    await assert.rejects(audit.flush(), { code: 'store-unavailable' });
    await audit.flush();
    assert.equal(await kindsOf(audit, { authServer: 'vpn' }), 'login-started unknown-user');
    assert.equal((await audit.verify()).problem, undefined);
  });

  it('keeps what finds room while the store is away, and says how much did not', async () => {
    const { told, open } = given();
    let isAway = false;
    const away = (store: Store): Store => ({
      ...store,
      async appendAudit(entries) {
        if (isAway) throw new GatewayFault('store-unavailable', 'gone');
        return store.appendAudit(entries);
      },
    });
    const { audit } = await open({ through: away, room: 200 });
    isAway = true;
    for (let each = 0; each < 203; each += 1) audit.take(refused('bob', 'unknown-user'));
    await assert.rejects(audit.flush(), { code: 'store-unavailable' });
    isAway = false;
    await audit.flush();
    const [lost] = await listed(audit, { kinds: ['audit-lost'] });
    assert.equal(lost?.fields?.count, 3);
    assert.deepEqual(told, [{ kind: 'audit-lost', count: 3 }]);
    assert.equal(await audit.count({ user: 'bob' }), 200);
  });

  it('tells how long nobody wrote, when a gateway went without a word, and of no gap when it was stopped', async () => {
    const { clock, told, open } = given();
    const first = await open();
    first.audit.take(started('alice', 't'));
    await first.audit.flush();
    await first.store.close();
    // when the next one starts an hour later
    clock.advance(minutes(60));
    const second = await open();
    const gaps = (await listed(second.audit, { kinds: ['audit-gap'] })).map(({ fields }) => [fields?.from, fields?.to]);
    assert.deepEqual(gaps, [[1_000_000, clock()]]);
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ['audit-gap'],
    );
    // and when that one is stopped, and a third one starts
    await second.audit.close({ kind: 'gateway-stopped', version: '1' });
    await second.store.close();
    const third = await open();
    assert.equal((await listed(third.audit, { kinds: ['audit-gap'] })).length, 1);
    assert.equal((await listed(third.audit, { kinds: ['gateway-stopped'] })).length, 1);
    const verified = await third.audit.verify();
    assert.deepEqual([verified.problem, verified.chains, verified.checkpoints], [undefined, 3, 1]);
  });

  it('forgets who somebody was, in every entry, and keeps everybody else and the chain', async () => {
    const { clock, open } = given();
    const { audit } = await open();
    audit.take(started('alice', 't1'));
    audit.take(refused('alice', 'wrong-pin'));
    audit.take({ kind: 'administrator-refused', administrator: 'alice', client: '192.0.2.9' });
    audit.take(started('bob', 't2'));
    audit.take(deleted);
    const count = await audit.erase(by, { user: 'alice' });
    assert.deepEqual(count, { entries: 3, others: [] });
    // then nobody finds the name, and what it did stands there without it
    assert.equal(await kindsOf(audit, { user: 'alice' }), '');
    const [login] = await listed(audit, { transaction: 't1' });
    assert.deepEqual([login?.fields?.user, login?.fields?.realm, login?.fields?.serials], [null, 'corp', ['S1']]);
    const [act] = await listed(audit, { administrator: 'root', kinds: ['token-administered'] });
    assert.deepEqual([act?.fields?.user, act?.fields?.by], [null, by]);
    assert.equal(await kindsOf(audit, { user: 'bob' }), 'login-started');
    const { problem, erased } = await audit.verify();
    assert.deepEqual([problem, erased], [undefined, 3]);
    // and who comes again begins anew
    clock.advance(seconds(10));
    audit.take(started('alice', 't3'));
    assert.equal(await kindsOf(audit, { user: 'alice' }), 'login-started');
    assert.equal((await audit.verify()).problem, undefined);
  });

  it('erases who is meant, and nobody whose name is like it', async () => {
    const { open } = given();
    const { audit } = await open();
    const elsewhere: GatewayEvent = { ...refused('bob', 'unknown-user'), realm: 'guests' } as GatewayEvent;
    for (const event of [started('Bob', 't1'), started('bob', 't2'), refused('bob', 'unknown-user'), elsewhere]) audit.take(event);
    audit.take({ kind: 'administrator-logged-in', administrator: 'bob', client: '192.0.2.9' });
    audit.take({ kind: 'administrator-refused', administrator: 'bob', client: '192.0.2.9' });
    // the name that was typed in corp is a user's there, so it is that user's
    assert.deepEqual(await audit.erase(by, { user: 'bob', realm: 'corp' }), { entries: 2, others: ['Bob'] });
    assert.equal(await kindsOf(audit, { user: 'bob' }), 'unknown-user login-started', 'Bob, and bob of another realm');
    assert.deepEqual(await audit.erase(by, { administrator: 'bob' }), { entries: 2, others: [] });
    assert.equal(await kindsOf(audit, { administrator: 'bob' }), '');
    assert.deepEqual(await audit.erase(by, { user: 'nobody' }), { entries: 0, others: [] });
    assert.equal((await audit.verify()).problem, undefined);
  });

  it('writes nothing under a key that was erased, and takes away what another gateway still wrote', async () => {
    const { clock, open } = given();
    const { audit, store } = await open();
    audit.take(refused('alice', 'wrong-pin'));
    await audit.erase(by, { user: 'alice' });
    audit.take(refused('alice', 'wrong-pin'));
    await audit.flush();
    assert.deepEqual(await audit.erase(by, { user: 'alice' }), { entries: 1, others: [] });
    // when another gateway had not heard of it
    const [mine] = await store.listAudit({ kinds: ['login-refused'] }, { limit: 1 });
    assert.ok(mine?.subject !== undefined);
    const database = await store.personKeysOf([mine.subject]);
    assert.deepEqual(database, []);
    clock.advance(seconds(5));
    await audit.expire({ days: 0, byKind: {} });
    assert.equal((await audit.verify()).problem, undefined);
  });

  it('believes no note that no gateway wrote, and goes on', async () => {
    const { clock, open, told } = given();
    const { audit, store } = await open();
    const forged = [
      { id: 'f1', at: clock(), text: JSON.stringify(deleted) },
      { id: 'f2', at: clock(), text: '{broken' },
      { ...audit.seal({ id: 'f3', at: clock(), event: deleted }), at: 5 },
    ];
    for (const [index, note] of forged.entries()) await store.addToken(givenPushToken({ serial: `S${index}` }), note);
    clock.advance(minutes(1));
    audit.take(started('alice', 't'));
    assert.equal(await audit.sweep(), 3);
    assert.equal(
      await kindsOf(audit, { kinds: ['token-administered', 'audit-note-refused', 'login-started'] }),
      'login-started audit-note-refused audit-note-refused audit-note-refused',
    );
    assert.equal(told.length, 3);
    assert.deepEqual(await store.claimNotes(Number.MAX_SAFE_INTEGER, 0, 10), []);
    assert.equal((await audit.verify()).problem, undefined);
  });

  it('goes on past what it cannot write, and past a person whose key cannot be opened', async () => {
    const { told, open, path } = given();
    const { audit, store } = await open();
    audit.take(started('alice', 't1'));
    await audit.close();
    await store.close();
    const database = new DatabaseSync(path);
    database.exec(`UPDATE person_keys SET sealed_key = 'x' WHERE person LIKE 'user%alice%'`);
    database.close();
    const again = await open();
    const endless: Record<string, unknown> = {};
    endless.self = endless;
    again.audit.take(started('alice', 't2'));
    again.audit.take({ kind: 'source-limited', scope: 'login', source: endless as unknown as string, forMs: 1 });
    again.audit.take(started('bob', 't3'));
    assert.equal(
      await kindsOf(again.audit, { kinds: ['login-started', 'source-limited', 'audit-lost'], from: 0 }),
      'audit-lost login-started login-started login-started',
    );
    assert.deepEqual(told, [{ kind: 'audit-lost', count: 1 }]);
    assert.equal(await kindsOf(again.audit, { user: 'bob' }), 'login-started');
  });

  it('keeps what entries say as long as their kind is kept, and their hashes for good', async () => {
    const { clock, open } = given();
    const { audit } = await open();
    const days = (count: number): number => minutes(60 * 24 * count);
    audit.take(started('alice', 't1'));
    audit.take(refused('bob', 'wrong-pin'));
    audit.take(deleted);
    await audit.flush();
    clock.advance(days(31));
    audit.take(started('alice', 't2'));
    await audit.flush();
    const keep = { days: 30, byKind: { 'token-administered': 0, 'login-refused': 90 } };
    await audit.expire(keep);
    await audit.expire(keep);
    assert.equal(await kindsOf(audit, { user: 'alice' }), 'login-started delete');
    assert.equal(await kindsOf(audit, { user: 'bob' }), 'wrong-pin');
    const old = (await listed(audit, { until: 1_000_001 })).find(({ kind }) => kind === 'login-started');
    assert.deepEqual([old?.kind, old?.fields], ['login-started', undefined]);
    const told = await listed(audit, { kinds: ['audit-expired'] });
    assert.deepEqual(
      told.map(({ fields }) => fields?.count),
      [1],
    );
    const { problem, expired } = await audit.verify();
    assert.deepEqual([problem, expired], [undefined, 1]);
  });

  for (const [what, fault] of [
    ['expiry', 'expireAudit'],
    ['erasing', 'eraseClearText'],
  ] as const)
    it(`is believed where a gateway died in the middle of an ${what}`, async () => {
      const { clock, open } = given();
      let calls = 0;
      const dying = (store: Store): Store => ({
        ...store,
        async [fault](...args: never[]) {
          calls += 1;
          if (calls > 1) throw new GatewayFault('store-unavailable', 'gone');
          return (store[fault] as (...given: never[]) => Promise<number>)(...args);
        },
      });
      const first = await open({ through: dying });
      for (const name of ['alice', 'bob']) first.audit.take(refused(name, 'unknown-user'));
      first.audit.take(started('alice', 't'));
      await first.audit.flush();
      clock.advance(minutes(60 * 24 * 31));
      const cut = fault === 'expireAudit' ? first.audit.expire({ days: 30, byKind: {} }) : first.audit.erase(by, { user: 'alice' });
      await assert.rejects(cut, { code: 'store-unavailable' });
      await first.store.close();
      const { audit } = await open();
      assert.equal((await audit.verify()).problem, undefined);
    });

  it('signs its chain now and then, and when it ends', async () => {
    const { open } = given();
    const { audit, store } = await open();
    for (let each = 0; each < 1500; each += 1) audit.take(started(`user${each}`, `t${each}`));
    await audit.close();
    await store.close();
    const again = await open();
    const { problem, checkpoints, entries } = await again.audit.verify();
    assert.deepEqual([problem, checkpoints, entries], [undefined, 2, 1 + 1500 + 2 + 1]);
  });

  /** What somebody with the database in hand may do to a chain of: begun, started alice, wrong PIN of bob, unknown mallory, deleted, checkpoint. */
  const alterations: [what: string, sql: string, problem: RegExp, number: number][] = [
    [
      'changes what an entry says',
      `UPDATE audit SET body = replace(body, 'wrong-pin', 'no-token') WHERE number = 3`,
      /content was changed/,
      3,
    ],
    [
      'changes what it says, with its digest',
      `UPDATE audit SET body = '{}', digest = 'RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o' WHERE number = 3`,
      /the entry or an earlier one was changed/,
      3,
    ],
    ['changes a name', `UPDATE audit SET subject_text = replace(subject_text, 'bob', 'eve') WHERE number = 3`, /clear text of user/, 3],
    [
      'changes an address',
      `UPDATE audit SET subject_text = replace(subject_text, '192.0.2.7', '192.0.2.8') WHERE number = 2`,
      /origin.client/,
      2,
    ],
    [
      'changes a name that nobody has',
      `UPDATE audit SET own_text = replace(own_text, 'mallory', 'm') WHERE number = 4`,
      /clear text of user/,
      4,
    ],
    ['changes when', 'UPDATE audit SET at = at + 1 WHERE number = 4', /the entry or an earlier one was changed/, 4],
    ['changes what kind it is', `UPDATE audit SET kind = 'login-finished' WHERE number = 3`, /the entry or an earlier one was changed/, 3],
    ['takes an entry away', 'DELETE FROM audit WHERE number = 3', /an entry is missing/, 3],
    ['takes the end away', 'DELETE FROM audit WHERE number >= 5', /entries at the end are missing/, 5],
    [
      'takes the end away and says so',
      `DELETE FROM audit WHERE number >= 5; UPDATE audit_writers SET number = 4 WHERE writer <> 'chains'`,
      /not signed by this keyring/,
      4,
    ],
    [
      'adds an entry',
      `INSERT INTO audit (id, writer, number, at, kind, body, digest, hash) SELECT 'x', writer, 7, at, kind, body, digest, hash FROM audit WHERE number = 2`,
      /the entry or an earlier one was changed/,
      7,
    ],
    ['hides whom it is about', `UPDATE audit SET subject = NULL WHERE number = 2`, /search fields were changed/, 2],
    ['hides the name that was typed', `UPDATE audit SET typed = 'eve' WHERE number = 4`, /search fields were changed/, 4],
    ['hides a serial', `UPDATE audit SET serial = NULL WHERE number = 5 OR number = 2`, /search fields were changed/, 2],
    ['takes the content away', 'UPDATE audit SET body = NULL WHERE number = 2', /removed before its retention time/, 2],
    ['takes a name away', 'UPDATE audit SET subject_text = NULL WHERE number = 2', /removed without an erasure/, 2],
    [
      'takes a name away that nobody has',
      'UPDATE audit SET own_text = NULL, typed = NULL WHERE number = 4',
      /removed without an erasure/,
      4,
    ],
    ['signs for the gateway', `UPDATE audit_writers SET signature = 'k1.AAAA' WHERE writer <> 'chains'`, /not signed by this keyring/, 6],
    ['signs how many chains there are', `UPDATE audit_writers SET signature = 'k1.AAAA'`, /number of chains is not signed/, 1],
    ['takes the count of the chains away', `DELETE FROM audit_writers WHERE writer = 'chains'`, /number of chains was removed/, 0],
    ["takes a chain's end away", `DELETE FROM audit_writers WHERE writer <> 'chains'`, /this chain is not signed/, 1],
    ['takes a whole chain away', `DELETE FROM audit; DELETE FROM audit_writers WHERE writer <> 'chains'`, /a chain was removed/, 1],
    [
      'adds a chain',
      `INSERT INTO audit (id, writer, number, at, kind, body, digest, hash) SELECT 'x', 'x', 1, at, kind, body, digest, hash FROM audit WHERE number = 2`,
      /this chain is not signed/,
      1,
    ],
    [
      'takes the keys of persons away and changes a name',
      `DELETE FROM person_keys; UPDATE audit SET subject_text = replace(subject_text, 'bob', 'eve') WHERE number = 3`,
      /key for checking the clear text was removed/,
      2,
    ],
    [
      'takes keys and names away',
      'DELETE FROM person_keys; UPDATE audit SET subject_text = NULL, actor_text = NULL',
      /removed without an erasure/,
      2,
    ],
    [
      'finds an entry under a name that it does not have',
      `UPDATE audit SET typed = 'eve' WHERE number = 2`,
      /search fields were changed/,
      2,
    ],
  ];
  for (const [what, sql, problem, number] of alterations) {
    it(`is not believed where somebody ${what}, and names the first such entry`, async () => {
      const { path, clock, keyring, open } = given();
      const { audit, store } = await open();
      for (const event of [started('alice', 't1'), refused('bob', 'wrong-pin'), refused('mallory', 'unknown-user'), deleted])
        audit.take(event);
      await audit.close();
      assert.equal((await audit.verify()).problem, undefined);
      await store.close();
      const database = new DatabaseSync(path);
      database.exec(sql);
      database.close();
      const looked = await openEmbeddedStore({ path, log: openLog('silent') });
      undo.later(() => looked.close());
      const parts = { store: looked, keyring, clock, log: openLog('silent'), tell: () => undefined, aloneInStore: true };
      const found = (await openAuditTool(parts).verify()).problem;
      assert.match(found?.what ?? 'nothing', problem);
      assert.equal(found?.number, number);
    });
  }

  it('is not believed where a whole chain is gone that a later one names', async () => {
    const { path, clock, open } = given();
    const first = await open();
    await first.audit.close();
    await first.store.close();
    clock.advance(seconds(1));
    const second = await open();
    await second.audit.close();
    await second.store.close();
    const database = new DatabaseSync(path);
    const writer = String(database.prepare('SELECT writer FROM audit ORDER BY at, number LIMIT 1').get()?.writer);
    for (const table of ['audit', 'audit_writers']) database.prepare(`DELETE FROM ${table} WHERE writer = ?`).run(writer);
    database.close();
    const { audit } = await open();
    assert.match((await audit.verify()).problem?.what ?? '', /which existed when this one began/);
  });
});
