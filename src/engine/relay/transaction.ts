import { randomDigits, sha256Hex } from '../../foundation/crypto/index.ts';
import type { Challenge, Transaction } from '../../foundation/model/index.ts';
import { factsOf } from '../facts.ts';
import type { Asker, EngineParts } from '../parts.ts';
import { bucketOf } from '../records/shard-bucket.ts';

/** A challenge to deliver for an auth server: its own id, the gda, and the text for the phone. */
export type RelayRequest = { asker: Asker; transactionId: string; gda: string; payload: string };

/** The name of no phone protocol, so that no answer of our own phones can match. */
const phone = 'relay';
const minValidityMs = 150_000;

/** The serial under which the challenges of a gda are stored. */
export const relaySerial = (gda: string): string => `relay-${sha256Hex(gda)}`;

/**
 * The transaction of a relayed challenge: it has no verdict and ends by time. Its one challenge makes it findable by
 * gda while it is open. The handle is unique, because ids are unique per auth server and server names have no slash.
 * LinOTP waits at least 150 s for its phones.
 */
export function relayTransaction(parts: EngineParts, { asker, transactionId, gda, payload }: RelayRequest, leaseMs: number): Transaction {
  const { clock, policy, settings } = parts;
  const now = clock();
  const facts = factsOf(parts, asker, undefined);
  const seconds = policy.value('push_validity_seconds', facts);
  const until = now + Math.max(seconds === undefined ? settings.challengeValidityMs : seconds * 1000, minValidityMs);
  const serial = relaySerial(gda);
  const bucket = bucketOf(serial);
  const fixed = { serial, phoneKey: '', phone, mode: 'confirm', state: 'pending', maxWrong: 1, wrongTries: 0 } as const;
  const challenge: Challenge = { ...fixed, handle: `${asker.authServer}/${transactionId}`, payload };
  return {
    id: `${String(bucket).padStart(3, '0')}${randomDigits(17)}`,
    bucket,
    kind: 'relay',
    authServer: asker.authServer,
    dialect: asker.dialect,
    foreignId: transactionId,
    user: '',
    realm: '',
    createdAt: now,
    decision: {
      rule: { declineSettles: false, consume: 'never', graceMs: 0 },
      state: 'open',
      answerUntil: until,
      finishUntil: until,
      challenges: [challenge],
      version: 0,
      relay: { kind: 'claimed', until: now + leaseMs },
    },
  };
}

/** Whether a stored transaction is exactly this challenge. */
export function isSameChallenge({ decision }: Transaction, { gda, payload }: RelayRequest): boolean {
  const [challenge] = decision.challenges;
  return challenge?.serial === relaySerial(gda) && challenge.payload === payload;
}
