import { GatewayFault, type PartitionKey } from '../model/index.ts';
import { type Keyring, sealedBy, sealedFor } from './keyring.ts';

/** The id of the record by which a store knows the keyring that it belongs to. It stands among the keys that all gateways share. */
export const storeNoteId = 'keyring';

/** A note that a store belongs to this keyring. It is sealed, and tells nothing: that it opens is all. */
export const newStoreNote = (keyring: Keyring): PartitionKey => ({
  id: storeNoteId,
  publicKey: '',
  sealedSeed: keyring.seal(sealedFor.sharedKey(storeNoteId), Buffer.from('pushgate')),
});

/** The id of the key that a note needs. */
export const noteKeyId = ({ publicKey, sealedSeed }: PartitionKey): string => sealedBy(sealedSeed) || publicKey;

/** Whether the note was made by this keyring. Older versions noted the id of their key, and a fingerprint in place of what is sealed. */
export function isNoteOf(keyring: Keyring, { publicKey, sealedSeed }: PartitionKey): boolean {
  if (sealedBy(sealedSeed) === '') return keyring.derive('fingerprint', publicKey)?.toString('base64url') === sealedSeed;
  try {
    keyring.open(sealedFor.sharedKey(storeNoteId), sealedSeed);
    return true;
  } catch (error) {
    if (error instanceof GatewayFault) return false;
    throw error;
  }
}
