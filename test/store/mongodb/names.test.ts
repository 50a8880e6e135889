import assert from 'node:assert/strict';
import type { NameDocument } from '../../../src/store/mongodb/collections.ts';
import { givenMongo, withClient } from '../../kit/mongod.ts';
import { givenChallenge, givenPushToken, givenTransaction } from '../../kit/records.ts';
import { cleanup } from '../../kit/temporary.ts';
import { givenStore } from './mongo-kit.ts';

const minute = 60_000;

describe('Names that are unique over shards', function () {
  this.timeout(60_000);
  const mongo = givenMongo();
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A store and the names in its database, to inspect and to insert those of a gateway that died. */
  const givenNames = async () => {
    const { store, database } = await givenStore(mongo, undo, { uniqueBy: 'names' });
    const names = (): Promise<string[]> =>
      withClient(mongo.url(), async (client) =>
        (await client.db(database).collection('names').find().toArray()).map(({ _id }) => String(_id)),
      );
    const leave = (name: string, holder: string, ageMs: number): Promise<unknown> =>
      withClient(mongo.url(), (client) =>
        client
          .db(database)
          .collection<NameDocument>('names')
          .insertOne({ _id: name, holder, claim: 'dead', at: new Date(Date.now() - ageMs) }),
      );
    return { store, names, leave };
  };

  it('are released with their records', async () => {
    const { store, names } = await givenNames();
    await store.addToken(givenPushToken());
    await store.addTransaction(givenTransaction({ foreignId: 'f1' }, [givenChallenge(), givenChallenge({ handle: 'N2' })]));
    assert.deepEqual((await names()).sort(), [
      'foreign/["privacyidea","vpn","f1"]',
      'handle/["pipush","N2"]',
      'handle/["pipush","NONCE1"]',
      'serial/PIPU00010001',
    ]);
    // a refused record leaves no names, and takes none from another record
    assert.equal(await store.addTransaction(givenTransaction({ id: 'b' }, [givenChallenge({ handle: 'N3' }), givenChallenge()])), 'taken');
    assert.equal((await names()).length, 4);
    await store.sweep(2001, 10);
    await store.removeToken('PIPU00010001');
    assert.deepEqual(await names(), []);
  });

  it('go to the next record when a gateway died before it added the first', async () => {
    const { store, leave } = await givenNames();
    await leave('serial/PIPU00010001', 'PIPU00010001', 6 * minute);
    await leave('handle/["pipush","NONCE1"]', '00100000000000000009', 6 * minute);
    assert.equal(await store.addToken(givenPushToken()), 'added');
    assert.equal(await store.addTransaction(givenTransaction()), 'added');
    assert.equal((await store.findByHandle('pipush', 'NONCE1'))?.id, '00100000000000000001');
    // they have records now: the next record finds them taken, however old
    assert.equal(await store.addToken(givenPushToken()), 'taken');
  });

  it('stay with a gateway that may still be about to add the record', async () => {
    const { store, leave, names } = await givenNames();
    await leave('serial/PIPU00010001', 'PIPU00010001', 4 * minute);
    assert.equal(await store.addToken(givenPushToken()), 'taken');
    assert.deepEqual(await names(), ['serial/PIPU00010001']);
  });

  it('wanted by 20 records go to one', async () => {
    const { store, leave } = await givenNames();
    await leave('serial/PIPU00010001', 'PIPU00010001', 6 * minute);
    const results = await Promise.all(Array.from({ length: 20 }, (_, bucket) => store.addToken(givenPushToken({ bucket }))));
    assert.equal(results.filter((result) => result === 'added').length, 1);
  });
});
