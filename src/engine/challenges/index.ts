import type { Actor, PushToken, Result, TrailEntry, Transaction } from '../../foundation/model/index.ts';
import { span } from '../../foundation/telemetry/spans.ts';
import type { LoginRefusal } from '../admission/admission.ts';
import { type Applied, applyEvent } from '../decisions/apply.ts';
import { type Status, statusOf } from '../decisions/status.ts';
import type { Asker, EngineParts } from '../parts.ts';
import type { PhoneProtocol } from '../phones/phone-protocol.ts';
import type { TokenLimitRefusal } from '../tokens/token-limits.ts';
import { type AnswerReply, type AnswerRequest, answer } from './answer.ts';
import { answerByHandle, type HandleAnswer } from './answer-by-handle.ts';
import type { Ask } from './ask.ts';
import { cancelTransaction, deleteExpired, findLive, listTransactions, type TransactionQuery } from './challenge-admin.ts';
import { type Delivered, type DeliverRequest, deliver, mayPoll } from './deliver.ts';
import { type Enrolment, type EnrolmentRequest, isOfferedInLogin, offerInLogin, skipEnrolment, takeBackOffers } from './enrolment.ts';
import { type Finished, type FinishRequest, findOwn, findOwnForeign, findPublicly, finish, type PublicPoll } from './finish.ts';
import { checkFirstLeg, type FirstLegCheck } from './first-leg.ts';
import { canAsk, issue } from './issue.ts';
import type { Issued, IssueRequest } from './issue-request.ts';
import { type AddressReply, type PhoneRequest, type PollReply, poll, updateAddress } from './phone-poll.ts';
import { issueQuietly, type QuietlyIssued, type QuietRequest } from './quiet.ts';
import { type Waited, type WaitRequest, waitForAnswer } from './wait.ts';

/** The life of a challenge: asked, delivered, answered, waited for, finished. */
export type Challenges = {
  /** Whether the phone of this push token can do what is asked. */
  canAsk(token: PushToken, ask: Ask): boolean;
  /**
   * Seals a challenge for every token and stores the transaction. Stored first, pushed second: see `deliver`. Where policies say so, an identical request joins a
   * login that no phone has answered yet. The id is 20 decimal digits: the bucket, then 17 that nobody can guess. What waits for the same phones makes room, or the login is refused as `limited`.
   * Throws `store-unavailable`.
   */
  issue(request: IssueRequest): Promise<Result<Issued, LoginRefusal>>;
  /**
   * The same for a login that is quiet. What is stored and told is one and the same whether the PIN is right; the phones that it opens are asked after the reply,
   * and do not ring where they may come and ask. Nothing but a yes is told of it. Throws `store-unavailable`.
   */
  issueQuietly(request: QuietRequest): Promise<QuietlyIssued>;
  /**
   * Sends every challenge of a stored transaction to its phone, all at once, each by the delivery plan that policy makes. A push that fails
   * is a line in the trail, never a lost challenge.
   */
  deliver(request: DeliverRequest): Promise<Delivered[]>;
  /** Whether the phone of this push token may ask for what is waiting for it. */
  mayPoll(asker: Asker, token: PushToken): boolean;
  /**
   * Takes one answer of one phone. A wrong signature reaches no transaction: it counts against its source only, and neither ends a
   * challenge nor raises the token's fail count. Throws `TurnedAway` for one too many; a right one is always taken.
   */
  answer<A>(phone: PhoneProtocol<never, A>, request: AnswerRequest<A>): Promise<AnswerReply>;
  /**
   * Takes one answer of a phone that says which challenge it answers and not who it is: it is tried on every challenge of its protocol in that transaction.
   * A wrong signature counts against its source and this transaction only, and changes neither a challenge nor a push token.
   */
  answerByHandle<A>(phone: PhoneProtocol<never, A>, request: HandleAnswer<A>): Promise<AnswerReply>;
  /** Serves a phone that asks what is waiting for it. An unknown serial and a wrong signature are refused alike. */
  poll<P>(phone: PhoneProtocol<never, never, P>, request: PhoneRequest<P>): Promise<PollReply>;
  /**
   * Takes a phone's new device address in place of its old ones of that kind, if it was signed later than the last one that was taken (else `stale`); that very
   * one again changes nothing (`repeated`). Refused for an unknown serial and a wrong signature alike.
   * Throws `store-unavailable` when others kept changing the push token.
   */
  updateAddress<U>(phone: PhoneProtocol<never, never, never, U>, request: PhoneRequest<U>): Promise<AddressReply>;
  /**
   * Waits until a phone has answered or the time is over. It costs a timer and a place in the store's list of listeners; whoever gave the answer,
   * and at which gateway, it is heard of at once. Nothing that was read is kept from one look to the next.
   */
  waitForAnswer(request: WaitRequest): Promise<Waited>;
  /** Takes an accepted login for the server that asked, or for one of the identical requests that wait for it. */
  finish(request: FinishRequest): Promise<Finished>;
  /** Ends what the server that asked no longer wants answered. */
  withdraw(transaction: Transaction): Promise<Applied>;
  /** The transaction of this id, whoever asked. */
  find(id: string): Promise<Transaction | undefined>;
  /** A transaction of this auth server; any other's is as unknown as one that never was. */
  findOwn(id: string, authServer: string): Promise<Transaction | undefined>;
  /** A transaction of this auth server by the id that its dialect knows. */
  findOwnForeign(dialect: string, authServer: string, foreignId: string): Promise<Transaction | undefined>;
  /**
   * A transaction of this dialect for whoever knows its id: one that is there is told truthfully, always. A stranger who has named too many that are not
   * there is turned away (throws `TurnedAway`) where there is none; an auth server never is.
   */
  findPublicly(poll: PublicPoll): Promise<Transaction | undefined>;
  /** What is known of a transaction that is not over: withdrawn and taken ones count as over. */
  findLive(id: string): Promise<Transaction | undefined>;
  /** Transactions, newest first: those that are open, and those that ended within the hour before the sweep takes them. For people. */
  list(query: TransactionQuery): Promise<Transaction[]>;
  /** How many transactions phones can still answer. */
  countOpen(): Promise<number>;
  /** The transactions that this push token may still answer. */
  openOf(serial: string): Promise<Transaction[]>;
  /**
   * Whether a poll comes from who began the login. The right pass costs no password hash and no question to a directory. Wrong ones count against
   * their source and this transaction, never against a push token: nobody finds out a PIN here, and nobody locks one.
   * Throws `TurnedAway` after too many.
   */
  checkFirstLeg(check: FirstLegCheck): Promise<boolean>;
  /** Ends a transaction whoever started it, an accepted one that nobody took yet too. Returns how many challenges it had; 0 if it was over. */
  cancel(by: Actor, id: string): Promise<number>;
  /** Deletes transactions that are over, and their delivery trail, before the sweep would; 10000 at most. Returns how many went. */
  deleteExpired(by: Actor): Promise<number>;
  /** What became of the pushes of a transaction, oldest first. */
  trailOf(id: string): Promise<TrailEntry[]>;
  /** What a transaction has come to by now. */
  statusOf(transaction: Transaction): Status;
  /**
   * Offers a push token in the middle of a login. Its transaction is answered when the phone has finished the rollout, and both can be had
   * equally long: as long as the QR code is good. The token goes first; one without a transaction is replaced at the user's next login.
   * @see docs/protocols/privacyidea.md 3.5
   */
  offerInLogin(request: EnrolmentRequest): Promise<Result<Enrolment, 'serial-taken' | 'too-long' | TokenLimitRefusal>>;
  /**
   * Skips an enrolment that may be skipped: true exactly once, and then its push token is gone. Where the phone came first, or nobody may or can
   * skip it any more, it stays as it is.
   */
  skipEnrolment(transaction: Transaction): Promise<boolean>;
  /** Takes back what earlier logins offered; false when a phone took one of them after all. */
  takeBackOffers(tokens: readonly PushToken[]): Promise<boolean>;
  /** A push token that a login offered and that no phone has taken: it does not count as one. */
  isOfferedInLogin(token: PushToken): boolean;
};

/** Ties them to the engine's parts. */
export const openChallenges = (parts: EngineParts): Challenges => ({
  canAsk: (token, ask) => canAsk(parts, token, ask),
  issue: (request) => span('issue challenge', {}, () => issue(parts, request)),
  issueQuietly: (request) => span('issue challenge', {}, () => issueQuietly(parts, request)),
  deliver: (request) => span('deliver challenge', {}, () => deliver(parts, request)),
  mayPoll: (asker, token) => mayPoll(parts, asker, token),
  answer: (phone, request) => span('take answer', { 'pushgate.phone_protocol': phone.name }, () => answer(parts, phone, request)),
  answerByHandle: (phone, request) =>
    span('take answer', { 'pushgate.phone_protocol': phone.name }, () => answerByHandle(parts, phone, request)),
  poll: (phone, request) => span('show challenges', { 'pushgate.phone_protocol': phone.name }, () => poll(parts, phone, request)),
  updateAddress: (phone, request) => updateAddress(parts, phone, request),
  waitForAnswer: (request) => waitForAnswer(parts, request),
  finish: (request) => span('finish login', {}, () => finish(parts, request)),
  withdraw: (transaction) => applyEvent(parts, transaction, { kind: 'withdrawn', by: 'server' }),
  find: parts.store.findTransaction,
  findOwn: (id, authServer) => findOwn(parts, id, authServer),
  findOwnForeign: (dialect, authServer, foreignId) => findOwnForeign(parts, dialect, authServer, foreignId),
  findPublicly: (poll) => findPublicly(parts, poll),
  findLive: (id) => findLive(parts, id),
  list: (query) => listTransactions(parts, query),
  countOpen: () => parts.store.countOpenTransactions(parts.clock()),
  openOf: (serial) => parts.store.openTransactionsOf(serial, parts.clock()),
  checkFirstLeg: (check) => checkFirstLeg(parts, check),
  cancel: (by, id) => cancelTransaction(parts, by, id),
  deleteExpired: (by) => deleteExpired(parts, by),
  trailOf: parts.store.trailOf,
  statusOf: (transaction) => statusOf(transaction, parts.clock()),
  offerInLogin: (request) => offerInLogin(parts, request),
  skipEnrolment: (transaction) => skipEnrolment(parts, transaction),
  takeBackOffers: (tokens) => takeBackOffers(parts, tokens),
  isOfferedInLogin,
});
