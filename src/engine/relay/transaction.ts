import { randomDigits, sha256Hex } from '../../foundation/crypto/index.ts';
import type { Challenge, Transaction } from '../../foundation/model/index.ts';
import { factsOf } from '../facts.ts';
import type { Asker, EngineParts } from '../parts.ts';
import { bucketOf } from '../records/shard-bucket.ts';

/** One challenge that an auth server wants to have delivered: its own id, for whom, and the text that the phone gets. */
export type RelayRequest = { asker: Asker; transactionId: string; gda: string; payload: string };

/** What phone protocol answers it is not our affair: no answer of a phone of ours ever finds it. */
const phone = 'relay';
const leastMs = 150_000;

/** The serial that stands for a gda where challenges are looked for. */
export const relaySerial = (gda: string): string => `relay-${sha256Hex(gda)}`;

/**
 * The transaction of a relayed challenge: no verdict, it ends by time. It holds one challenge, so that it is found by its gda while it is open; the handle is unique
 * as ids of one auth server are, whose name has no slash. LinOTP waits 150 s at least for its phones.
 */
export function relayTransaction(parts: EngineParts, { asker, transactionId, gda, payload }: RelayRequest, leaseMs: number): Transaction {
  const { clock, policy, settings } = parts;
  const now = clock();
  const facts = factsOf(parts, asker, undefined);
  const seconds = policy.value('push_validity_seconds', facts);
  const until = now + Math.max(seconds === undefined ? settings.challengeValidityMs : seconds * 1000, leastMs);
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

/** Whether a stored transaction is this very challenge. */
export function isSameChallenge({ decision }: Transaction, { gda, payload }: RelayRequest): boolean {
  const [challenge] = decision.challenges;
  return challenge?.serial === relaySerial(gda) && challenge.payload === payload;
}
