import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { groupSize, openGroupCommit } from '../../../src/store/embedded/group-commit.ts';

/** A disk that completes every sync at once, and whose log is never full. */
const quickDisk = { sync: () => Promise.resolve(), isFull: () => false, checkpoint: () => Promise.resolve() };

/** A real database in memory that records its statements, and fails where a test says so. */
const given = (disk = quickDisk, failsAt: (sql: string) => boolean = () => false) => {
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE numbers (n INTEGER PRIMARY KEY)');
  const asked: string[] = [];
  const exec = (sql: string): void => {
    asked.push(sql);
    if (failsAt(sql)) throw new Error('disk full');
    database.exec(sql);
  };
  const commits = openGroupCommit({ exec }, disk);
  const put = (n: number) => database.prepare('INSERT INTO numbers VALUES (?)').run(n);
  const insert = (n: number) => commits.write(() => put(n));
  const numbers = () =>
    database
      .prepare('SELECT n FROM numbers')
      .all()
      .map(({ n }) => Number(n));
  const commitsSoFar = () => asked.filter((sql) => sql === 'COMMIT').length;
  return { commits, put, insert, numbers, commitsSoFar };
};

/** A disk that ends each sync and checkpoint when the test says so. */
const givenSlowDisk = () => {
  const syncs: PromiseWithResolvers<void>[] = [];
  const checkpoints: PromiseWithResolvers<void>[] = [];
  const begin = (all: PromiseWithResolvers<void>[]): Promise<void> => {
    const one = Promise.withResolvers<void>();
    all.push(one);
    return one.promise;
  };
  const state = { isFull: false };
  const disk = { sync: () => begin(syncs), isFull: () => state.isFull, checkpoint: () => begin(checkpoints) };
  return { ...given(disk), syncs, checkpoints, state };
};

/** Records the order in which promises resolve. */
const notesOf = () => {
  const notes: string[] = [];
  const note = (name: string, promise: Promise<unknown> | undefined) => promise?.then(() => notes.push(name));
  return { notes, note };
};

const manyNumbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index);

describe('Group commit', () => {
  it('makes the writes of one tick durable with one commit', async () => {
    const { insert, numbers, commitsSoFar } = given();
    await Promise.all([insert(1), insert(2), insert(3)]);
    assert.deepEqual([commitsSoFar(), numbers()], [1, [1, 2, 3]]);
  });

  it(`puts at most ${groupSize} writes into one commit`, async () => {
    const { insert, numbers, commitsSoFar } = given();
    await Promise.all(manyNumbers(groupSize * 2 + 1).map(insert));
    assert.deepEqual([commitsSoFar(), numbers().length], [3, groupSize * 2 + 1]);
  });

  for (const failing of ['COMMIT', 'BEGIN IMMEDIATE']) {
    it(`fails the whole group when ${failing} fails, and keeps none of it`, async () => {
      const { insert, numbers } = given(quickDisk, (sql) => sql === failing);
      const results = await Promise.allSettled([insert(1), insert(2), insert(3)]);
      for (const result of results) assert.equal(result.status === 'rejected' && result.reason.code, 'store-unavailable');
      assert.deepEqual(numbers(), []);
    });
  }

  it('undoes a write that fails half-way, and only that one', async () => {
    const { commits, put, insert, numbers } = given();
    const first = insert(1);
    const broken = commits.write(() => {
      put(9);
      throw new Error('half-way');
    });
    const doubled = insert(1);
    const last = insert(2);
    await Promise.all([first, last]);
    await assert.rejects(broken, { code: 'store-unavailable' });
    await assert.rejects(doubled, { code: 'store-unavailable' });
    assert.deepEqual(numbers(), [1, 2]);
  });

  it('goes on after a commit that failed', async () => {
    let isFull = true;
    const { insert, numbers } = given(quickDisk, (sql) => sql === 'COMMIT' && isFull);
    await assert.rejects(insert(1));
    isFull = false;
    await insert(1);
    assert.deepEqual(numbers(), [1]);
  });
});

describe('Group commit and the disk', () => {
  it('acknowledges no write before the disk has it', async () => {
    const { insert, syncs, commitsSoFar } = givenSlowDisk();
    const { notes, note } = notesOf();
    // given a write that is committed
    note('written', insert(1));
    await turn();
    assert.deepEqual([commitsSoFar(), syncs.length], [1, 1]);
    await turn();
    assert.deepEqual(notes, []);
    // when the disk has it, then the write is acknowledged
    syncs[0]?.resolve();
    await turn();
    assert.deepEqual(notes, ['written']);
  });

  it('lets reads wait for commits that are not on the disk yet, and for nothing else', async () => {
    const { commits, insert, syncs } = givenSlowDisk();
    const { notes, note } = notesOf();
    assert.equal(commits.durable(), undefined);
    const written = insert(1);
    // No read sees a write that waits for its commit.
    assert.equal(commits.durable(), undefined);
    await turn();
    note('read', commits.durable());
    await turn();
    assert.deepEqual(notes, []);
    syncs[0]?.resolve();
    await written;
    await turn();
    assert.deepEqual([notes, commits.durable()], [['read'], undefined]);
  });

  it('collects writes during a sync into one group', async () => {
    const { insert, syncs, commitsSoFar } = givenSlowDisk();
    const first = insert(1);
    await turn();
    // given a sync under way, when writes come one after the other
    const others = [insert(2)];
    await turn();
    others.push(insert(3));
    await turn();
    assert.equal(commitsSoFar(), 1);
    // then one commit takes them all, when the sync has ended
    syncs[0]?.resolve();
    await first;
    await turn();
    assert.deepEqual([commitsSoFar(), syncs.length], [2, 2]);
    syncs[1]?.resolve();
    await Promise.all(others);
  });

  it('commits full groups during a sync, and one sync serves them all', async () => {
    const { commits, insert, syncs, commitsSoFar } = givenSlowDisk();
    const { notes, note } = notesOf();
    note('first', insert(0));
    await turn();
    // given two full groups and a bit more during the first sync
    for (const n of manyNumbers(groupSize * 2 + 1, 1)) note('later', insert(n));
    await turn();
    await turn();
    assert.deepEqual([commitsSoFar(), syncs.length], [3, 1]);
    note('read', commits.durable());
    // when that sync ends, then only commits from before its start are acknowledged
    syncs[0]?.resolve();
    await turn();
    assert.deepEqual([notes, syncs.length], [['first'], 2]);
    syncs[1]?.resolve();
    await turn();
    assert.deepEqual([notes.filter((note) => note === 'later').length, notes.includes('read')], [groupSize * 2, true]);
  });

  it('accepts and acknowledges nothing more after the disk has failed a write', async () => {
    const { commits, insert, syncs, commitsSoFar } = givenSlowDisk();
    const lost = { code: 'store-unavailable', message: /lost a write/ };
    // given a write under way, one that waits, and a reader
    const first = assert.rejects(insert(1), lost);
    await turn();
    const waiting = assert.rejects(insert(2), lost);
    const read = assert.rejects(commits.durable() ?? Promise.resolve(), /EIO/);
    // when the sync fails
    syncs[0]?.reject(new Error('EIO'));
    // then all of them fail, and all later ones
    await Promise.all([first, waiting, read]);
    await assert.rejects(insert(3), lost);
    await assert.rejects(commits.durable() ?? Promise.resolve(), lost);
    assert.deepEqual([commitsSoFar(), syncs.length], [1, 1]);
    await commits.end();
  });

  it('commits nothing while a full log is checkpointed; reads need not wait', async () => {
    const { commits, insert, syncs, checkpoints, state, commitsSoFar } = givenSlowDisk();
    state.isFull = true;
    const first = insert(1);
    await turn();
    // With room in the log, a full group would be committed now.
    const others = manyNumbers(groupSize, 2).map(insert);
    await turn();
    assert.equal(commitsSoFar(), 1);
    // given the log on the disk and its checkpoint under way
    syncs[0]?.resolve();
    await first;
    await turn();
    assert.deepEqual([commitsSoFar(), checkpoints.length, commits.durable()], [1, 1, undefined]);
    // when it has ended, then the next group is committed
    state.isFull = false;
    checkpoints[0]?.resolve();
    await turn();
    await turn();
    assert.deepEqual([commitsSoFar(), checkpoints.length], [2, 1]);
    syncs[1]?.resolve();
    await Promise.all(others);
  });

  it('accepts nothing more after the disk has failed a checkpoint', async () => {
    const { insert, syncs, checkpoints, state } = givenSlowDisk();
    state.isFull = true;
    const first = insert(1);
    await turn();
    const second = assert.rejects(insert(2), { code: 'store-unavailable' });
    syncs[0]?.resolve();
    await first;
    checkpoints[0]?.reject(new Error('EIO'));
    await second;
    await assert.rejects(insert(3), { code: 'store-unavailable' });
  });

  it('closes when the disk has all earlier writes, and no checkpoint is under way', async () => {
    const { commits, insert, syncs, checkpoints, state } = givenSlowDisk();
    const { notes, note } = notesOf();
    state.isFull = true;
    note('written', insert(1));
    note('ended', commits.end());
    await turn();
    assert.deepEqual(notes, []);
    syncs[0]?.resolve();
    await turn();
    assert.deepEqual([notes, checkpoints.length], [['written'], 1]);
    checkpoints[0]?.resolve();
    await turn();
    assert.deepEqual(notes, ['written', 'ended']);
  });
});
