import { GatewayFault, type PartitionKey } from '../model/index.ts';
import { type Keyring, sealedBy, sealedFor } from './keyring.ts';

/** The id of the record that ties a store to its keyring. It is stored among the keys that all gateways share. */
export const storeNoteId = 'keyring';

/** A note that a store belongs to this keyring. Its content does not matter: only the right keyring can open it. */
export const newStoreNote = (keyring: Keyring): PartitionKey => ({
  id: storeNoteId,
  publicKey: '',
  sealedSeed: keyring.seal(sealedFor.sharedKey(storeNoteId), Buffer.from('pushgate')),
});

/** The id of the key that opens a note. */
export const noteKeyId = ({ publicKey, sealedSeed }: PartitionKey): string => sealedBy(sealedSeed) || publicKey;

/**
 * Whether this keyring made the note. Older versions noted the id of their key and its fingerprint instead of a sealed
 * text.
 */
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
