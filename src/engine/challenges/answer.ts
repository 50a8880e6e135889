import { type Challenge, GatewayFault, type Transaction } from '../../foundation/model/index.ts';
import type { TokenWithOpen } from '../../store/store.ts';
import { maxOpenChallenges } from '../admission/open-challenges.ts';
import { applyEvent } from '../decisions/apply.ts';
import type { TransactionEvent } from '../decisions/decide.ts';
import { limitedSource, type WrongProof } from '../limits/index.ts';
import type { EngineParts } from '../parts.ts';
import type { AnswerMeaning, PhoneProtocol } from '../phones/phone-protocol.ts';
import { isForPhone, isSpokenBy } from '../records/phone-key.ts';
import { isInService } from '../records/usable.ts';
import { displayCode } from './ask.ts';

/** A phone's answer. */
export type AnswerRequest<A> = {
  serial: string;
  /** The handle of the challenge that it names. */
  handle?: string | undefined;
  /** The answer as its protocol parsed it. */
  answer: A;
  /** The address that wrong signatures count against. */
  source: string;
};

/**
 * The reply to the phone. `repeated`: the identical answer came again and gets the first reply. `code-shown`: the phone
 * shows this code for this transaction. `turned-away`: a refusal that is not logged.
 */
export type AnswerReply =
  | { kind: 'unknown-token' | 'taken' | 'repeated' | WrongProof }
  | { kind: 'code-shown'; code: string; transaction: Transaction };

/** {@link Challenges.answer}. */
export async function answer<A>(parts: EngineParts, phone: PhoneProtocol<never, A>, request: AnswerRequest<A>): Promise<AnswerReply> {
  const asked = await findAsked(parts, phone, request);
  if (!asked || !isSpokenBy(phone, asked.token)) return { kind: 'unknown-token' };
  const { token } = asked;
  if (!isInService(token, parts.clock())) return { kind: 'refused' };
  const found = findAnswered(phone, request, asked);
  if (!found) {
    await parts.limits.failedOrThrow('answer', limitedSource(request.source, token));
    parts.log.info({ serial: token.serial, source: request.source }, 'an answer matches no challenge of this push token');
    return { kind: 'refused' };
  }
  return take(parts, found);
}

/** An answer with a valid signature, and its challenge. */
export type Found = { transaction: Transaction; challenge: Challenge; meaning: AnswerMeaning };

/** Applies a verified answer and makes the reply. */
export async function take(parts: EngineParts, found: Found): Promise<AnswerReply> {
  const { reply } = await applyEvent(parts, found.transaction, eventOf(found.challenge, found.meaning));
  if (reply !== 'code-shown') return { kind: reply === 'accepted' ? 'taken' : reply };
  const code = displayCode(parts.keyring, found.challenge);
  if (code === undefined) throw new GatewayFault('config-invalid', 'The key that a code was made with is missing from the keyring');
  return { kind: 'code-shown', code, transaction: found.transaction };
}

/**
 * The push token, with the transactions that the answer may belong to: the one that it names, open or settled, else all
 * open ones.
 */
async function findAsked<A>(
  parts: EngineParts,
  phone: PhoneProtocol<never, A>,
  { serial, handle }: AnswerRequest<A>,
): Promise<TokenWithOpen | undefined> {
  const { store, clock } = parts;
  if (handle === undefined) return store.findTokenWithOpen(serial, clock(), maxOpenChallenges(parts));
  const [token, named] = await Promise.all([store.findToken(serial), store.findByHandle(phone.name, handle)]);
  return token && { token, open: named ? [named] : [] };
}

/** The challenge that the signature matches. */
function findAnswered<A>(phone: PhoneProtocol<never, A>, request: AnswerRequest<A>, { token, open }: TokenWithOpen): Found | undefined {
  for (const transaction of open) {
    const challenge = transaction.decision.challenges.find((each) => isForPhone(each, token));
    const isNamed = request.handle === undefined || challenge?.handle === request.handle;
    const meaning = challenge && isNamed ? phone.readAnswer(request.answer, challenge, token) : undefined;
    if (challenge && meaning) return { transaction, challenge, meaning };
  }
  return undefined;
}

function eventOf(challenge: Challenge, { verdict, declineReason, option, digest }: AnswerMeaning): TransactionEvent {
  return {
    kind: 'answered',
    serial: challenge.serial,
    answer: digest,
    verdict,
    declineReason,
    option: option === undefined ? undefined : option === challenge.rightOption ? 'right' : 'wrong',
  };
}
