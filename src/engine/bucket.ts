import { createHash } from 'node:crypto';
import type { Owner } from '../foundation/model/index.ts';

/** The shard bucket, 0 to 999: from the owner where there is one, else from the serial, so that a user's records stay together. */
export function bucketOf(serial: string, owner?: Owner): number {
  const name = owner ? `${owner.realm.toLowerCase()}\n${owner.user.toLowerCase()}` : serial;
  return createHash('sha256').update(name).digest().readUInt32BE(0) % 1000;
}
