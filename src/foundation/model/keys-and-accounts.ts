/** An RSA key pair made ahead of need: public part as PKCS#1 DER in base64, private part sealed for `stock:<id>`. */
export type StockKey = { id: string; bits: number; publicKey: string; sealedPrivateKey: string };

/**
 * An administrator who may log in with a password, unless `disabled`. `passwordHash` is a password hash, never the password. Tokens of the account carry its
 * `seal`, a random text: another one ends them. Older versions stored none.
 */
export type AdminAccount = { name: string; passwordHash: string; createdAt: number; disabled?: true; seal?: string };

/** What may be changed of an account; another seal ends its tokens. */
export type AccountChange = ({ passwordHash: string; insteadOf?: string } | { disabled: boolean }) & { seal?: string };

/**
 * A key pair of the gateway that many push tokens share (LinOTP: those of one partition). `id` names phone protocol and partition, as `linotp:0`;
 * the public part is Ed25519, 32 bytes in base64, the seed of the private one is sealed for `partition:<id>`.
 * One record is no key: `keyring` notes which keyring the store belongs to, by the id and a fingerprint of its key.
 */
export type PartitionKey = { id: string; publicKey: string; sealedSeed: string };
