import { randomBytes } from 'node:crypto';
import { BSON, MongoClient } from 'mongodb';
import { ownerKeys } from '../src/foundation/model/index.ts';

/** The cost and size of a MongoDB, as far as a measurement needs them. */
export type MongoBench = {
  /** CPU seconds of the server so far. */
  cpu(): Promise<number>;
  /** A line per collection of a login: bytes per document, in the collection, its indexes and the file. */
  sizes(): Promise<string[]>;
  /** Drops the database of the measurement. */
  close(): Promise<void>;
};

const copies = 50_000;

/** Opens the database of a measured gateway. */
export async function openMongoBench(url: string, database: string): Promise<MongoBench> {
  const client = await new MongoClient(url).connect();
  const db = client.db(database);
  const sizeOf = async (name: string): Promise<string> => {
    const { count, storageSize, totalIndexSize } = await db.command({ collStats: name });
    const one = await db.collection(name).findOne({});
    const per = (bytes: number): string => (bytes / count).toFixed(0);
    const cells = [`BSON ${one ? BSON.calculateObjectSize(one) : 0} B`, `file ${per(storageSize)} B`, `indexes ${per(totalIndexSize)} B`];
    return `  one of ${count} ${name}: ${cells.join(', ')}`;
  };
  return {
    async cpu() {
      const { extra_info: used } = await client.db('admin').command({ serverStatus: 1 });
      return (Number(used.user_time_us) + Number(used.system_time_us)) / 1_000_000;
    },
    async sizes() {
      await multiply();
      await client.db('admin').command({ fsync: 1 });
      return [await sizeOf('tokens'), await sizeOf('transactions')];
    },
    async close() {
      await db.dropDatabase();
      await client.close();
    },
  };

  /**
   * Adds push tokens until a single page does not matter: copies of a real one, each with its own owner and an
   * incompressible key.
   */
  async function multiply(): Promise<void> {
    const tokens = db.collection<{ _id: string }>('tokens');
    const one = await tokens.findOne({});
    for (let from = 0; one && from < copies; from += 1000)
      await tokens.insertMany(Array.from({ length: 1000 }, (_, at) => copy(one, from + at)));
  }
}

function copy(one: Record<string, unknown>, number: number): { _id: string } & Record<string, unknown> {
  // Spread over the index like random serials and names.
  const serial = `PIPU${((number * 2_654_435_761) % 4_294_967_296).toString(16).toUpperCase().padStart(8, '0')}`;
  const user = `user-${serial}`;
  const owner = { user, realm: 'corp', resolver: 'ad-corp', userid: user };
  const lower = { serial: serial.toLowerCase(), user: user.toLowerCase(), realm: 'corp' };
  const { serverKey, phonePublicKey, ...rest } = one;
  return {
    ...rest,
    _id: serial,
    owner,
    lower,
    ownerKeys: ownerKeys(owner),
    serverKey: asRandom(serverKey),
    phonePublicKey: asRandom(phonePublicKey),
  };
}

/** A value of the same length that compresses no better than a key. */
function asRandom(value: unknown): unknown {
  if (typeof value === 'string') return randomBytes(value.length).toString('base64').slice(0, value.length);
  return Object.fromEntries(Object.entries(value ?? {}).map(([key, item]) => [key, asRandom(item)]));
}
