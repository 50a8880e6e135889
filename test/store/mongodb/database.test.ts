import assert from 'node:assert/strict';
import { join } from 'node:path';
import { checkConfig, problemText } from '../../../src/config/index.ts';
import { databaseOf } from '../../../src/store/mongodb/config.ts';
import { configText } from '../../kit/gateway.ts';
import { dropDatabase, givenMongo, withClient } from '../../kit/mongod.ts';
import { givenPushToken } from '../../kit/records.ts';
import { cleanup } from '../../kit/temporary.ts';
import { openStoreAt } from './mongo-kit.ts';

describe('The database that a MongoDB store uses', () => {
  const cases: [url: string, database: string | undefined, chosen: string][] = [
    ['mongodb://db.example', undefined, 'pushgate'],
    ['mongodb://db.example/', undefined, 'pushgate'],
    ['mongodb://db.example/?replicaSet=rs0', undefined, 'pushgate'],
    ['mongodb://db.example/corp', undefined, 'corp'],
    ['mongodb://user:pass@a.example:27017,b.example:27018/corp?replicaSet=rs0', undefined, 'corp'],
    ['mongodb+srv://user:pass@cluster.example/corp?retryWrites=true', undefined, 'corp'],
    ['mongodb://db.example/corp', 'other', 'other'],
    ['mongodb://user:pass@db.example/admin', undefined, 'pushgate'],
  ];
  for (const [url, database, chosen] of cases) {
    it(`is ${chosen} at ${url}${database === undefined ? '' : `, with "database": "${database}"`}`, async () =>
      assert.equal(databaseOf({ url, database }), chosen));
  }

  const problems = async (url: string, more: object = {}): Promise<string[]> => {
    const store = { kind: 'mongodb', url: { $env: 'URL' }, ...more };
    const checked = await checkConfig(configText({ more: { store } }), join('folder', 'config.json'), { URL: url });
    return checked.ok ? [] : checked.error.map(problemText);
  };

  const refused: [url: string, problem: RegExp][] = [
    ['mongodb://user:hunter2%ss@db.example/', /URI malformed; write @ .* as %40/],
    ['mongodb://user:hun/ter2@db.example/', /Password contains unescaped characters/],
    ['mongodb://user:hunter2@db.example:99999/', /Unable to parse db\.example:99999/],
    ['mongodb://user:hunter2@hunter2:x/', /a part of it cannot be read/],
    ['https://user:hunter2@db.example/', /Invalid scheme.*mongodb:\/\//],
    ['mongodb+srv://user:hunter2@db.example:27017/', /cannot have port number/],
    ['mongodb://db.example/?replicaset=rs0&tsl=true', /option tsl is not supported/],
    ['mongodb://db.example/?tls=maybe', /tls\/ssl must be either/],
    ['mongodb://db.example/?authMechanismProperties=hunter2', /authMechanismProperties|cannot be read|undefined values/],
    ['mongodb://db.example/?tls=true&tlsCAFile=/nowhere/ca.pem', /Cannot read the CA file \/nowhere\/ca\.pem/],
    ['mongodb://db.example/?tls=true&tlsCertificateKeyFile=/nowhere/c.pem', /Cannot read the tlsCertificateKeyFile \/nowhere\/c\.pem/],
  ];
  for (const [url, problem] of refused) {
    it(`is refused before a start at ${url}, with the driver's reason and no password`, async () => {
      const told = await problems(url);
      assert.equal(told.length, 1, told.join('\n'));
      assert.match(told[0] ?? '', /^store\.url: (is not an address of MongoDB: |names an unusable file in its options)/);
      assert.match(told[0] ?? '', problem);
      assert.doesNotMatch(told[0] ?? '', /hunter|ter2/);
    });
  }

  it('is reported once where its address is missing', async () => {
    const told = await problems('');
    assert.equal(told.length, 1, told.join('\n'));
    assert.match(told[0] ?? '', /^store\.url: the environment variable URL is not set/);
  });

  it('has a name that is checked before a start, wherever it is configured', async () => {
    assert.deepEqual(await problems('mongodb://db.example/corp'), []);
    assert.match(
      (await problems('mongodb://u:hunter2@db.example/a.b'))[0] ?? '',
      /^store\.url: the database name in the address .* or set database$/,
    );
    assert.deepEqual(
      await problems('mongodb://u:p@db.example/a.b', { database: 'corp' }),
      [],
      'the name in the address is where the user is known',
    );
    assert.match((await problems('mongodb://db.example', { database: 'a.b' }))[0] ?? '', /^store\.database: /);
  });
});

describe('The database that the address of MongoDB names', function () {
  this.timeout(60_000);
  const mongo = givenMongo();
  const undo = cleanup();
  afterEach(() => undo.run());
  // Only on a server of our own: on another one the default database may be in use.
  beforeEach(function () {
    if (!mongo.isOurs()) this.skip();
  });

  const named = (database: string): string => {
    undo.later(() => dropDatabase(mongo.url(), database));
    const url = new URL(mongo.url());
    url.pathname = database;
    return url.href;
  };
  /** Opens a store as a configuration would, and leaves a push token there. */
  const used = async (url: string, database?: string): Promise<void> => {
    const store = await openStoreAt(url, database);
    await store.addToken(givenPushToken());
    await store.close();
  };
  const tokensIn = (database: string): Promise<number> =>
    withClient(mongo.url(), (client) => client.db(database).collection('tokens').countDocuments());

  it('is used: two installations on one server stay separate', async () => {
    const [one, other] = [mongo.database(), mongo.database()];
    await used(named(one));
    await used(named(other));
    assert.deepEqual([await tokensIn(one), await tokensIn(other), await tokensIn('pushgate')], [1, 1, 0]);
  });

  it('is refused while it is new and the default database has data, until the configuration names one', async () => {
    // given an installation of a version that ignored the name in the address
    const database = mongo.database();
    const url = named(database);
    await used(mongo.url());
    undo.later(() => dropDatabase(mongo.url(), 'pushgate'));
    // when a version starts that uses it, then it says how to choose, and creates nothing
    await assert.rejects(openStoreAt(url), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'config-invalid');
      for (const part of [`names the database ${database}`, 'Set store.database to "pushgate"', `or to "${database}"`])
        assert.ok(error.message.includes(part), error.message);
      return true;
    });
    assert.equal(await withClient(mongo.url(), async (client) => (await client.db(database).listCollections().toArray()).length), 0);
    // and either choice is taken
    const kept = await openStoreAt(url, 'pushgate');
    assert.ok(await kept.findToken(givenPushToken().serial));
    await kept.close();
    await used(url, database);
    // after which the address alone is enough
    await (await openStoreAt(url)).close();
  });
});
