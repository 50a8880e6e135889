export { type KeyShelf, type KeyStock, type KeyStockOptions, openKeyStock, type ServerKeyPair } from './key-stock.ts';
export type { KeyWorker, KeyWorkerPace, MadeKey } from './key-worker.ts';
export { type Keyring, type ListedKey, openKeyring, type RereadKeyring, sealedBy, sealedFor } from './keyring.ts';
export { changeKeyringFile, createKeyringFile } from './keyring-file.ts';
export { newKeyring, preparedKeyring, rotatedKeyring, usedKeyring } from './keyring-text.ts';
export { accountCost, createPasswords, type HashCost, hashedBy, type Passwords } from './password.ts';
export { openPseudonyms, type Pseudonyms } from './pseudonyms.ts';
export { isNoteOf, newStoreNote, noteKeyId, storeNoteId } from './store-note.ts';
