import { createHmac } from 'node:crypto';
import { equalText } from '../../foundation/crypto/index.ts';
import type { Keyring } from '../../foundation/keyring/index.ts';
import type { FirstLeg, Transaction } from '../../foundation/model/index.ts';
import { limitedSource } from '../limits/index.ts';
import type { EngineParts } from '../parts.ts';

const purpose = 'first-leg';

/**
 * A keyed hash of what a caller has to show again: the PIN that a login began with, or the binding of an approval.
 */
export function firstLegOf(keyring: Keyring, id: string, pass: string): FirstLeg {
  const keyId = keyring.currentKeyId;
  return { keyId, tag: tagOf(keyring, { keyId, id, pass }) ?? '' };
}

/** The parts for a check; store and hashes are needed only for the PIN of a push token. */
export type FirstLegParts = Pick<EngineParts, 'keyring'> & {
  limits: Pick<EngineParts['limits'], 'assertNotBlocked' | 'failed'>;
  store: Pick<EngineParts['store'], 'findToken'>;
  passwords: Pick<EngineParts['passwords'], 'matches'>;
};

/** A poll that shows a PIN. */
export type FirstLegCheck = {
  transaction: Transaction;
  /** The PIN of the first leg, or of the push token `alone`. */
  pass: string;
  /** The address that wrong PINs count against. */
  source: string;
  /**
   * The serial of the one push token that the poll names. Its PIN does not count in a quiet login, which a wrong PIN
   * starts too, so that nobody can try PINs there.
   */
  alone: string | undefined;
};

/** {@link Challenges.checkFirstLeg}. */
export async function checkFirstLeg(parts: FirstLegParts, { transaction, pass, source, alone }: FirstLegCheck): Promise<boolean> {
  const counted = limitedSource(source, { serial: transaction.id });
  parts.limits.assertNotBlocked('status', counted);
  const { rule, challenges } = transaction.decision;
  const named = rule.quiet ? undefined : challenges.find(({ serial }) => serial === alone)?.serial;
  if (isFirstLegPass(parts.keyring, transaction, pass) || (named !== undefined && (await isPinOf(parts, named, pass)))) return true;
  await parts.limits.failed('status', counted);
  return false;
}

/** Whether a login began with this PIN, or an approval with this binding. */
export function isFirstLegPass(keyring: Keyring, { id, firstLeg }: Transaction, pass: string): boolean {
  const tag = firstLeg && tagOf(keyring, { keyId: firstLeg.keyId, id, pass });
  return tag !== undefined && firstLeg !== undefined && equalText(tag, firstLeg.tag);
}

async function isPinOf({ store, passwords }: FirstLegParts, serial: string, pin: string): Promise<boolean> {
  const token = await store.findToken(serial);
  if (!token) return false;
  return token.pinHash === undefined ? pin === '' : passwords.matches(pin, token.pinHash);
}

function tagOf(keyring: Keyring, { keyId, id, pass }: { keyId: string; id: string; pass: string }): string | undefined {
  const key = keyring.derive(purpose, keyId);
  return key && createHmac('sha256', key).update(`${id}\n${pass}`).digest('base64url');
}
