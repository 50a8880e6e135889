export { type KeyShelf, type KeyStock, type KeyStockOptions, openKeyStock, type ServerKeyPair } from './key-stock.ts';
export type { KeyWorker, MadeKey } from './key-worker.ts';
export { type Keyring, newKeyring, openKeyring, rotatedKeyring } from './keyring.ts';
export { createKeyringFile } from './keyring-file.ts';
export { accountCost, createPasswords, type HashCost, type Passwords } from './password.ts';
export { openPseudonyms, type Pseudonyms } from './pseudonyms.ts';
