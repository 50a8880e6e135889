import { randomDigits } from '../../foundation/crypto/index.ts';
import type { Challenge, Transaction } from '../../foundation/model/index.ts';
import { firstLegOf, isFirstLegPass } from '../challenges/first-leg.ts';
import { factsOf } from '../facts.ts';
import type { EngineParts } from '../parts.ts';
import { bucketOf } from '../records/shard-bucket.ts';
import type { RelayPhone } from './phone.ts';
import { contentOf, type RelayRequest, relaySerial } from './request.ts';

/** The name of no phone protocol, so that no answer of our own phones can match. */
const phone = 'relay';

/**
 * The transaction of a relayed challenge: it has no verdict and ends by time. Its one challenge makes it findable by
 * gda while it is open; only a device may poll for its payload. The handle is unique, because ids are unique per auth
 * server and dialect, and neither name has a slash.
 */
export function relayTransaction(
  parts: EngineParts,
  request: RelayRequest,
  { serial, token, gda }: RelayPhone,
  leaseMs: number,
): Transaction {
  const { asker, transactionId, payload, validity: { wantedMs, leastMs = 0, keptMs = 0 } = {} } = request;
  const { clock, policy, settings } = parts;
  const now = clock();
  const seconds = policy.value('push_validity_seconds', factsOf(parts, asker, token?.owner, token));
  const allowedMs = seconds === undefined ? undefined : seconds * 1000;
  const validityMs =
    wantedMs === undefined ? Math.max(allowedMs ?? settings.challengeValidityMs, leastMs) : Math.min(wantedMs, allowedMs ?? wantedMs);
  const bucket = bucketOf(serial);
  const id = `${String(bucket).padStart(3, '0')}${randomDigits(17)}`;
  const fixed = { serial, phoneKey: '', phone, mode: 'confirm', state: 'pending', maxWrong: 1, wrongTries: 0 } as const;
  const handle = `${asker.authServer}/${asker.dialect}/${transactionId}`;
  const challenge: Challenge = { ...fixed, handle, payload: gda === undefined ? '' : payload };
  return {
    id,
    bucket,
    kind: 'relay',
    authServer: asker.authServer,
    dialect: asker.dialect,
    foreignId: transactionId,
    user: '',
    realm: '',
    createdAt: now,
    firstLeg: firstLegOf(parts.keyring, id, contentOf(request)),
    decision: {
      rule: { declineSettles: false, consume: 'never', graceMs: 0 },
      state: 'open',
      answerUntil: now + validityMs,
      finishUntil: now + Math.max(validityMs, keptMs),
      challenges: [challenge],
      version: 0,
      relay: { kind: 'claimed', until: now + leaseMs },
    },
  };
}

/** Whether a stored transaction is exactly this challenge. */
export function isSameChallenge({ keyring }: Pick<EngineParts, 'keyring'>, stored: Transaction, request: RelayRequest): boolean {
  if (stored.firstLeg) return isFirstLegPass(keyring, stored, contentOf(request));
  // Stored by an older version, which relayed to devices only.
  const [challenge] = stored.decision.challenges;
  return request.to.kind === 'device' && challenge?.serial === relaySerial(request.to.gda) && challenge.payload === request.payload;
}
