import { createHash } from 'node:crypto';
import { foldedName, foldedRealm, type Owner } from '../../foundation/model/index.ts';

/**
 * The shard bucket, 0 to 999: from the owner's name where there is one, else from the serial, so that a user's records stay together. Names that
 * differ in case share one, whether they are one user or not.
 */
export function bucketOf(serial: string, owner?: Owner): number {
  const name = owner ? `${foldedRealm(owner.realm)}\n${foldedName(owner.user)}` : serial;
  return createHash('sha256').update(name).digest().readUInt32BE(0) % 1000;
}
