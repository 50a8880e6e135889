import { openCache } from '../../foundation/cache/index.ts';
import type { Uniqueness } from './collections.ts';

/** The filter for one document; `bucket` is the shard key's first part, if known. */
export type Location = { _id: string; bucket?: number };

/**
 * Locates records on shards. Transaction ids contain their bucket. The bucket of a push token is remembered from its
 * last read and may be outdated: when nothing is found there, ask again without it.
 * @see docs/decisions/transaction-ids.md
 */
export type Locations = {
  token(serial: string): Location;
  transaction(id: string): Location;
  /** The part of a filter with the bucket of a push token's transactions. */
  besides(serial: string): { bucket?: number };
  learn(serial: string, bucket: number): void;
  forget(serial: string): void;
};

const remembered = 50_000;
const bucketPattern = /^\d{20}$/;

/** Without shards nothing is remembered: `_id` alone is the best filter. */
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
    transaction: (id) => (isSharded && bucketPattern.test(id) ? { _id: id, bucket: Number(id.slice(0, 3)) } : { _id: id }),
    learn(serial, bucket) {
      if (isSharded) buckets.set(serial, bucket);
    },
    forget: (serial) => void buckets.delete(serial),
  };
}
