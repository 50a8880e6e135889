import { randomDigits, randomHex } from '../../foundation/crypto/index.ts';
import { GatewayFault, ok, type PushToken, type Result, refused, type Transaction } from '../../foundation/model/index.ts';
import { applyEvent } from '../decisions/apply.ts';
import type { EngineParts } from '../parts.ts';
import { changeToken } from '../records/change-token.ts';
import { type Offered, type OfferRequest, offerRollout } from '../tokens/rollout.ts';
import { type TokenLimitRefusal, tokenLimit } from '../tokens/token-limits.ts';
import { endTransactionsOf } from '../tokens/token-owner.ts';
import { namedFields, sourceFields } from './issue.ts';
import type { IssueRequest } from './issue-request.ts';

/**
 * A push token that a login makes for its user. `skippable`: the user may decline it. `rule` comes from the dialect, as
 * in any transaction.
 */
export type EnrolmentRequest = Pick<IssueRequest, 'asker' | 'user' | 'realm' | 'typed' | 'source' | 'rule'> & {
  offer: OfferRequest;
  skippable: boolean;
};

/** An offered token, and the transaction that its rollout answers. */
export type Enrolment = Offered & { transaction: Transaction };

const maxAttempts = 3;

/** {@link Challenges.offerInLogin}. */
export async function offerInLogin(
  parts: EngineParts,
  request: EnrolmentRequest,
): Promise<Result<Enrolment, 'serial-taken' | 'too-long' | TokenLimitRefusal>> {
  const { asker, offer } = request;
  const limit = await tokenLimit(parts, { asker, owner: offer.owner, type: offer.type });
  if (limit) return refused(limit);
  const offered = await offerRollout(parts, { ...request.offer, inLogin: true });
  if (!offered.ok) return offered;
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const transaction = transactionFor(parts, request, offered.value.token);
    if ((await parts.store.addTransaction(transaction)) === 'added') return ok({ ...offered.value, transaction });
  }
  throw new GatewayFault('store-unavailable', 'No free transaction id was found');
}

function transactionFor({ clock }: EngineParts, request: EnrolmentRequest, token: PushToken): Transaction {
  const { asker, user, realm, rule, skippable } = request;
  const { digest, expiresAt } = token.rolloutCredential;
  return {
    id: `${String(token.bucket).padStart(3, '0')}${randomDigits(17)}`,
    bucket: token.bucket,
    kind: 'enrolment',
    authServer: asker.authServer,
    dialect: asker.dialect,
    user,
    realm,
    ...namedFields(request),
    ...sourceFields(asker, token.owner),
    skippable,
    createdAt: clock(),
    decision: {
      rule,
      state: 'open',
      answerUntil: expiresAt,
      finishUntil: expiresAt,
      // No phone can poll or answer this challenge: it is bound to the credential of the rollout.
      challenges: [
        {
          serial: token.serial,
          phoneKey: digest,
          phone: token.phone.protocol,
          handle: randomHex(20),
          mode: 'confirm',
          payload: '',
          state: 'pending',
          wrongTries: 0,
          maxWrong: 1,
        },
      ],
      version: 0,
    },
  };
}

/** {@link Challenges.skipEnrolment}. */
export async function skipEnrolment(parts: EngineParts, transaction: Transaction): Promise<boolean> {
  const [challenge] = transaction.decision.challenges;
  if (transaction.kind !== 'enrolment' || transaction.skippable !== true || !challenge) return false;
  if (!(await closeOffer(parts, challenge.serial, challenge.phoneKey))) return false;
  const { reply } = await applyEvent(parts, transaction, { kind: 'withdrawn', by: 'server' });
  if (reply !== 'taken') return false;
  await parts.store.removeToken(challenge.serial);
  return true;
}

/** {@link Challenges.isOfferedInLogin}. */
export const isOfferedInLogin = ({ rollout, inLogin }: PushToken): boolean => rollout === 'offered' && inLogin === true;

/** {@link Challenges.takeBackOffers}. */
export async function takeBackOffers(parts: EngineParts, tokens: readonly PushToken[]): Promise<boolean> {
  for (const { serial, rolloutCredential } of tokens) {
    if (!(await closeOffer(parts, serial, rolloutCredential.digest))) return false;
    await endTransactionsOf(parts, serial);
    await parts.store.removeToken(serial);
  }
  return true;
}

/**
 * Closes an offer so that no phone can use it; false if one already did. The push token's own record decides which came
 * first.
 */
async function closeOffer(parts: EngineParts, serial: string, digest: string): Promise<boolean> {
  let isTaken = false;
  await changeToken(parts, serial, ({ rollout, rolloutCredential }) => {
    isTaken = rollout !== 'offered' || rolloutCredential.digest !== digest;
    return isTaken || rolloutCredential.expiresAt === 0 ? undefined : { rolloutCredential: { ...rolloutCredential, expiresAt: 0 } };
  });
  return !isTaken;
}
