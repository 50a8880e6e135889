import { createHash } from 'node:crypto';
import { foldedName, foldedRealm, type Owner } from '../../foundation/model/index.ts';

/**
 * The shard bucket, 0 to 999: from the owner's name, so that a user's records stay together, or from the serial without
 * an owner. Names that differ only in case share a bucket, whether or not they are one user.
 */
export function bucketOf(serial: string, owner?: Owner): number {
  const name = owner ? `${foldedRealm(owner.realm)}\n${foldedName(owner.user)}` : serial;
  return createHash('sha256').update(name).digest().readUInt32BE(0) % 1000;
}
