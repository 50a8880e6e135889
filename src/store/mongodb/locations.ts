import { openCache } from '../../foundation/cache/index.ts';
import type { Uniqueness } from './collections.ts';

/** The filter that finds one document; `bucket` is the shard key's first part, where it is known. */
export type Location = { _id: string; bucket?: number };

/**
 * Which shard a record is on. Transaction ids carry their bucket; the bucket of a push token is remembered from when it was last read,
 * and may be out of date: who finds nothing with it asks once more without.
 * @see docs/decisions/transaction-ids.md
 */
export type Locations = {
  token(serial: string): Location;
  transaction(id: string): Location;
  /** The part of a filter that names the bucket of all that belongs to this push token. */
  besides(serial: string): { bucket?: number };
  learn(serial: string, bucket: number): void;
  forget(serial: string): void;
};

const remembered = 50_000;
const carriesBucket = /^\d{20}$/;

/** Without shards nothing is remembered: `_id` alone is the shortest way. */
export function openLocations(uniqueBy: Uniqueness): Locations {
  const buckets = openCache<number>(remembered);
  const isSharded = uniqueBy === 'names';
  const besides = (serial: string): { bucket?: number } => {
    const bucket = buckets.get(serial);
    return bucket === undefined ? {} : { bucket };
  };
  return {
    besides,
    token: (serial) => ({ _id: serial, ...besides(serial) }),
    transaction: (id) => (isSharded && carriesBucket.test(id) ? { _id: id, bucket: Number(id.slice(0, 3)) } : { _id: id }),
    learn(serial, bucket) {
      if (isSharded) buckets.set(serial, bucket);
    },
    forget: (serial) => void buckets.delete(serial),
  };
}
