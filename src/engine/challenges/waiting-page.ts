import { createHmac, randomBytes } from 'node:crypto';
import { equalText, sha256Hex } from '../../foundation/crypto/index.ts';
import type { Keyring } from '../../foundation/keyring/index.ts';
import type { Transaction, WaitingPage } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import type { Naming } from './issue-request.ts';

/** How long the code of a waiting page may be taken to the auth server (ms). */
const pageCodeMs = 60_000;

const [secretPurpose, codePurpose] = ['waiting-page', 'page-code'];
const secretBytes = 16;

/** A waiting page to make: where its browser goes back to, with the caller's `state`. */
export type PageWish = { returnUrl: string; state?: string | undefined };

/** A new page, and the name by which its secret finds the transaction. */
export function newPage(keyring: Keyring, { returnUrl, state }: PageWish): { page: WaitingPage; naming: () => Naming } {
  const page = {
    keyId: keyring.currentKeyId,
    seed: randomBytes(secretBytes).toString('base64url'),
    returnUrl,
    ...(state === undefined ? {} : { state }),
  };
  return { page, naming: () => ({ foreignId: nameOf(pageSecret(keyring, page) ?? ''), handles: [] }) };
}

/**
 * The secret in the address of a page: 128 bits, base64url. It is derived, so that nobody reads it from the store.
 * Undefined if its key is missing.
 */
export function pageSecret(keyring: Keyring, { keyId, seed }: WaitingPage): string | undefined {
  const key = keyring.derive(secretPurpose, keyId);
  return key && createHmac('sha256', key).update(seed).digest().subarray(0, secretBytes).toString('base64url');
}

const nameOf = (secret: string): string => `page/${sha256Hex(secret)}`;

/** {@link Challenges.findByPage}. */
export async function findByPage(
  { store, limits }: Pick<EngineParts, 'store' | 'limits'>,
  { dialect, authServer, secret, source }: { dialect: string; authServer: string; secret: string; source: string },
): Promise<Transaction | undefined> {
  const transaction = await store.findByForeignId(dialect, authServer, nameOf(secret));
  if (transaction?.page) return transaction;
  await limits.failedOrThrow('status', source);
  return undefined;
}

/** {@link Challenges.pageCode}. */
export function pageCode({ keyring, clock }: Pick<EngineParts, 'keyring' | 'clock'>, { id, authServer }: Transaction): string {
  const at = clock();
  const keyId = keyring.currentKeyId;
  return [id, at.toString(36), keyId, tagOf(keyring, { id, authServer, at, keyId })].join('.');
}

/** {@link Challenges.findByPageCode}. */
export async function findByPageCode(
  { keyring, clock, store }: Pick<EngineParts, 'keyring' | 'clock' | 'store'>,
  { code, authServer }: { code: string; authServer: string },
): Promise<Transaction | undefined> {
  const [id = '', moment = '', keyId = '', tag = ''] = code.split('.');
  const at = Number.parseInt(moment, 36);
  const age = clock() - at;
  const expected = tagOf(keyring, { id, authServer, at, keyId });
  if (expected === undefined || !equalText(expected, tag) || !(age < pageCodeMs)) return undefined;
  return store.findTransaction(id);
}

function tagOf(keyring: Keyring, { id, authServer, at, keyId }: { id: string; authServer: string; at: number; keyId: string }) {
  const key = keyring.derive(codePurpose, keyId);
  return (
    key &&
    createHmac('sha256', key)
      .update(JSON.stringify([id, authServer, at]))
      .digest('base64url')
  );
}
