import type { Uniqueness } from '../../../src/store/mongodb/collections.ts';
import { type GivenMongo, givenMongo, givenStandaloneMongo } from '../../kit/mongod.ts';
import { cleanup } from '../../kit/temporary.ts';
import { type StoreFixture, storeConformance } from '../conformance.ts';
import { givenStore } from './mongo-kit.ts';

const fixtureOn = (mongo: GivenMongo, uniqueBy: Uniqueness) => async (): Promise<StoreFixture> => {
  const undo = cleanup();
  const { store, open } = await givenStore(mongo, undo, { uniqueBy, pollMs: 20, retryMs: 1000 });
  return {
    store,
    async reopen() {
      await store.close();
      return open();
    },
    dispose: () => undo.run(),
  };
};

describe('The MongoDB store', function () {
  this.timeout(60_000);
  describe('on a replica set, unique by indexes', () => storeConformance('MongoDB', fixtureOn(givenMongo(), 'indexes')));
  describe('as it is on a sharded cluster, unique by names', () => storeConformance('MongoDB', fixtureOn(givenMongo(), 'names')));
  describe('on a standalone server', () => storeConformance('MongoDB', fixtureOn(givenStandaloneMongo(), 'indexes')));
});
