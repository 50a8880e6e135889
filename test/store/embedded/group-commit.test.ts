import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { groupSize, openGroupCommit } from '../../../src/store/embedded/group-commit.ts';

describe('Group commit', () => {
  /** A real database in memory that tells what it was asked, and fails where a test says so. */
  const given = (failAt?: string) => {
    const database = new DatabaseSync(':memory:');
    database.exec('CREATE TABLE numbers (n INTEGER PRIMARY KEY)');
    const asked: string[] = [];
    const commits = openGroupCommit({
      exec(sql) {
        asked.push(sql);
        if (sql === failAt) throw new Error('disk full');
        database.exec(sql);
      },
    });
    const insert = (n: number) => commits.write(() => database.prepare('INSERT INTO numbers VALUES (?)').run(n));
    const count = () => Number(database.prepare('SELECT count(*) AS n FROM numbers').get()?.n);
    return { asked, commits, insert, count };
  };
  const commitsIn = (asked: readonly string[]) => asked.filter((sql) => sql === 'COMMIT').length;

  it('makes the writes of one tick durable with one commit', async () => {
    const { asked, insert, count } = given();
    await Promise.all([insert(1), insert(2), insert(3)]);
    assert.deepEqual([commitsIn(asked), count()], [1, 3]);
  });

  it(`takes at most ${groupSize} writes into one commit`, async () => {
    const { asked, insert, count } = given();
    await Promise.all(Array.from({ length: groupSize * 2 + 1 }, (_, n) => insert(n)));
    assert.deepEqual([commitsIn(asked), count()], [3, groupSize * 2 + 1]);
  });

  it('tells nobody before the commit', async () => {
    const { asked, insert } = given();
    const told: number[] = [];
    const writes = [1, 2].map((n) => insert(n).then(() => told.push(commitsIn(asked))));
    await Promise.all(writes);
    assert.deepEqual(told, [1, 1]);
  });

  for (const failAt of ['COMMIT', 'BEGIN IMMEDIATE']) {
    it(`fails the whole group when ${failAt} fails, and nothing of it stays`, async () => {
      const { insert, count } = given(failAt);
      const results = await Promise.allSettled([insert(1), insert(2), insert(3)]);
      for (const result of results) assert.equal(result.status === 'rejected' && result.reason.code, 'store-unavailable');
      assert.equal(count(), 0);
    });
  }

  it('undoes a write that fails half-way, and only that one', async () => {
    const { commits, insert, count } = given();
    const database = { first: insert(1) };
    const broken = commits.write(() => {
      throw new Error('half-way');
    });
    const doubled = insert(1);
    const last = insert(2);
    await Promise.all([database.first, last]);
    await assert.rejects(broken, { code: 'store-unavailable' });
    await assert.rejects(doubled, { code: 'store-unavailable' });
    assert.equal(count(), 2);
  });

  it('undoes all statements of a write that fails at its last one', async () => {
    const database = new DatabaseSync(':memory:');
    database.exec('CREATE TABLE numbers (n INTEGER PRIMARY KEY)');
    const commits = openGroupCommit(database);
    const both = commits.write(() => {
      database.exec('INSERT INTO numbers VALUES (1)');
      database.exec('INSERT INTO numbers VALUES (1)');
    });
    const other = commits.write(() => database.exec('INSERT INTO numbers VALUES (7)'));
    await assert.rejects(both);
    await other;
    assert.deepEqual(
      database
        .prepare('SELECT n FROM numbers')
        .all()
        .map(({ n }) => n),
      [7],
    );
  });

  it('goes on after a commit that failed', async () => {
    let isFull = true;
    const database = new DatabaseSync(':memory:');
    database.exec('CREATE TABLE numbers (n INTEGER PRIMARY KEY)');
    const commits = openGroupCommit({
      exec(sql) {
        if (sql === 'COMMIT' && isFull) throw new Error('disk full');
        database.exec(sql);
      },
    });
    await assert.rejects(commits.write(() => database.exec('INSERT INTO numbers VALUES (1)')));
    isFull = false;
    await commits.write(() => database.exec('INSERT INTO numbers VALUES (1)'));
    assert.equal(database.prepare('SELECT count(*) AS n FROM numbers').get()?.n, 1);
  });

  it('commits what waits when it is told to', async () => {
    const { asked, commits, insert } = given();
    const write = insert(1);
    commits.flush();
    assert.equal(commitsIn(asked), 1);
    await write;
  });
});
