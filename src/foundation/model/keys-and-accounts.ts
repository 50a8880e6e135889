/** An RSA key pair made ahead of need: public part as PKCS#1 DER in base64, private part sealed for `stock:<id>`. */
export type StockKey = { id: string; bits: number; publicKey: string; sealedPrivateKey: string };

/**
 * An administrator who may log in with a password, unless `disabled`. `passwordHash` is never the password itself.
 * Tokens of the account carry its `seal`, a random text: a new seal invalidates them. Older versions stored none.
 */
export type AdminAccount = { name: string; passwordHash: string; createdAt: number; disabled?: true; seal?: string };

/** A change of an account. A new seal invalidates its tokens. */
export type AccountChange = ({ passwordHash: string; insteadOf?: string } | { disabled: boolean }) & { seal?: string };

/**
 * A key pair of the gateway that many push tokens share (LinOTP: those of one partition). `id` is phone protocol and
 * partition, such as `linotp:0`; the public part is Ed25519, 32 bytes in base64; the seed of the private part is sealed
 * for `partition:<id>`. The record `keyring` is not a key: it ties the store to its keyring.
 */
export type PartitionKey = { id: string; publicKey: string; sealedSeed: string };
