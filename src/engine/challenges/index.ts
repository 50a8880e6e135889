import type { Actor, PushToken, Result, TrailEntry, Transaction } from '../../foundation/model/index.ts';
import { span } from '../../foundation/telemetry/spans.ts';
import type { LoginRefusal } from '../admission/admission.ts';
import { type Applied, applyEvent } from '../decisions/apply.ts';
import { type EventReader, readEvents } from '../decisions/event-feed.ts';
import { type Status, statusOf } from '../decisions/status.ts';
import type { Asker, EngineParts } from '../parts.ts';
import type { PhoneProtocol } from '../phones/phone-protocol.ts';
import type { TokenLimitRefusal } from '../tokens/token-limits.ts';
import { type AnswerReply, type AnswerRequest, answer } from './answer.ts';
import { answerByHandle, type HandleAnswer } from './answer-by-handle.ts';
import { type Approval, type ApprovalRefusal, type ApprovalRequest, issueApproval } from './approval.ts';
import type { Ask } from './ask.ts';
import { cancelTransaction, deleteExpired, findLive, listTransactions, type TransactionQuery } from './challenge-admin.ts';
import { type Delivered, type DeliverRequest, deliver, mayPoll } from './deliver.ts';
import { type Enrolment, type EnrolmentRequest, isOfferedInLogin, offerInLogin, skipEnrolment, takeBackOffers } from './enrolment.ts';
import { type Finished, type FinishRequest, findOwn, findOwnForeign, findPublicly, finish, type PublicPoll } from './finish.ts';
import { type ApprovalFinished, type FinishApproval, finishApproval } from './finish-approval.ts';
import { checkFirstLeg, type FirstLegCheck } from './first-leg.ts';
import { canAsk, issue } from './issue.ts';
import type { Issued, IssueRequest } from './issue-request.ts';
import { type AddressReply, type PhoneRequest, type PollReply, poll, updateAddress } from './phone-poll.ts';
import { issueQuietly, type QuietlyIssued, type QuietRequest } from './quiet.ts';
import { type Waited, type WaitRequest, waitForAnswer } from './wait.ts';
import { findByPage, findByPageCode, pageCode, pageSecret } from './waiting-page.ts';
import { type Following, follow, type Progress, progressOf, type StatusWatch, watchStatus } from './watch.ts';

/** The life of a challenge: issue, deliver, answer, wait, finish. */
export type Challenges = {
  /** Whether the phone of this push token supports this mode. */
  canAsk(token: PushToken, ask: Ask): boolean;
  /**
   * Seals a challenge for every token and stores the transaction, before any push; see `deliver`. Where policies allow,
   * an identical request joins a login that no phone has answered yet. The id has 20 decimal digits: the bucket, then
   * 17 that cannot be guessed. Older logins that wait for the same phones make room, or this one is refused as
   * `limited`. Throws `store-unavailable`.
   */
  issue(request: IssueRequest): Promise<Result<Issued, LoginRefusal>>;
  /**
   * Finds the user's push tokens and issues a challenge without a PIN, for an application that has authenticated the
   * user itself. Admission decides as for every login; a refusal is published. Throws `Overloaded` and
   * `store-unavailable`.
   */
  issueApproval(request: ApprovalRequest): Promise<Result<Approval, ApprovalRefusal>>;
  /**
   * The same for a quiet login. What it stores and replies is the same whether the PIN is right. Phones with the right
   * PIN are prompted after the reply, without a ring if they may poll, and only an accept is revealed. Throws
   * `store-unavailable`.
   */
  issueQuietly(request: QuietRequest): Promise<QuietlyIssued>;
  /**
   * Sends every challenge of a stored transaction to its phone, all at once, each by its delivery plan. A failed push
   * is a line in the trail, never a lost challenge.
   */
  deliver(request: DeliverRequest): Promise<Delivered[]>;
  /** Whether the phone of this push token may poll. */
  mayPoll(asker: Asker, token: PushToken): boolean;
  /**
   * Takes one answer of one phone. A wrong signature counts against its source only: it ends no challenge and raises no
   * fail count. Throws `TurnedAway` after too many; a right signature is always accepted.
   */
  answer<A>(phone: PhoneProtocol<never, A>, request: AnswerRequest<A>): Promise<AnswerReply>;
  /**
   * Takes one answer that names a challenge but no push token: it is tried on every challenge of its protocol in that
   * transaction. A wrong signature counts against its source and this transaction only; it changes no challenge and no
   * push token.
   */
  answerByHandle<A>(phone: PhoneProtocol<never, A>, request: HandleAnswer<A>): Promise<AnswerReply>;
  /** Answers a phone's poll. Refuses an unknown serial and a wrong signature alike. */
  poll<P>(phone: PhoneProtocol<never, never, P>, request: PhoneRequest<P>): Promise<PollReply>;
  /**
   * Replaces a phone's device addresses of one kind, if the message was signed later than the last accepted one (else
   * `stale`); the last one again changes nothing (`repeated`). Refuses an unknown serial and a wrong signature alike.
   * Throws `store-unavailable` when others kept changing the push token.
   */
  updateAddress<U>(phone: PhoneProtocol<never, never, never, U>, request: PhoneRequest<U>): Promise<AddressReply>;
  /**
   * Waits until a phone has answered or the time is over. It costs a timer and a place in the store's list of
   * listeners; an answer at any gateway ends it at once. Nothing read is kept between two looks.
   */
  waitForAnswer(request: WaitRequest): Promise<Waited>;
  /** Waits until the status differs from the known one, the time is over, or the client is gone. Decides nothing. */
  watchStatus(watch: StatusWatch): Promise<void>;
  /**
   * Tells every change of a transaction until it is settled, at once also for answers at other gateways. Returns how to
   * stop, to be called once. While the store is unavailable it tries again every second.
   */
  follow(following: Following): () => void;
  /**
   * Tells the published events of an auth server in order, at once also those of other gateways. Returns how to stop.
   */
  readEvents(reader: EventReader): () => void;
  /** How far a transaction is now. */
  progressOf(transaction: Transaction): Progress;
  /** Takes an accepted login for the server that asked, or for one of the identical requests that wait for it. */
  finish(request: FinishRequest): Promise<Finished>;
  /** The secret in the address of a transaction's waiting page; undefined without a page. */
  pageSecret(transaction: Transaction): string | undefined;
  /** The transaction of a waiting page. A client that named too many unknown secrets is turned away (`TurnedAway`). */
  findByPage(page: { dialect: string; authServer: string; secret: string; source: string }): Promise<Transaction | undefined>;
  /** A code that lets the auth server of a transaction take its result from the user's browser, for a minute. */
  pageCode(transaction: Transaction): string;
  /** The transaction of a code, for the same auth server; undefined for a wrong or old code. */
  findByPageCode(request: { code: string; authServer: string }): Promise<Transaction | undefined>;
  /**
   * Takes an approval for the application that asked, exactly once, if it shows the same binding. Policies decide again.
   * Throws `TurnedAway` after too many wrong bindings.
   */
  finishApproval(request: FinishApproval): Promise<ApprovalFinished>;
  /** Withdraws a transaction: for the server that asked, or for the user, who cannot take back an accept. */
  withdraw(transaction: Transaction, by?: 'server' | 'user'): Promise<Applied>;
  /** The transaction of this id, of any auth server. */
  find(id: string): Promise<Transaction | undefined>;
  /**
   * A transaction of this auth server in this dialect; undefined for an unknown id, another server's and another dialect's,
   * since each dialect has rules of its own for taking an approval.
   */
  findOwn(dialect: string, authServer: string, id: string): Promise<Transaction | undefined>;
  /** A transaction of this auth server by the dialect's id. */
  findOwnForeign(dialect: string, authServer: string, foreignId: string): Promise<Transaction | undefined>;
  /**
   * A transaction of this dialect for any client that knows its id. An existing one is always returned. A client that
   * named too many unknown ids is turned away when it names another (throws `TurnedAway`); an auth server never is.
   */
  findPublicly(poll: PublicPoll): Promise<Transaction | undefined>;
  /** A transaction that is not over; withdrawn and consumed ones count as over. */
  findLive(id: string): Promise<Transaction | undefined>;
  /**
   * Transactions, newest first: those that are open, and those that ended within the hour before the sweep takes them.
   * For administrators.
   */
  list(query: TransactionQuery): Promise<Transaction[]>;
  /** How many transactions phones can still answer. */
  countOpen(): Promise<number>;
  /** The transactions that this push token may still answer. */
  openOf(serial: string): Promise<Transaction[]>;
  /**
   * Whether a poll comes from the client that began the login. The right PIN of the first leg costs no password hash
   * and no directory lookup. Wrong PINs count against their source and this transaction, never against a push token, so
   * a PIN can neither be guessed nor locked here. Throws `TurnedAway` after too many.
   */
  checkFirstLeg(check: FirstLegCheck): Promise<boolean>;
  /**
   * Ends a transaction of any auth server, also an accepted one that is not consumed. Returns the number of its
   * challenges; 0 if it was over.
   */
  cancel(by: Actor, id: string): Promise<number>;
  /**
   * Deletes up to 10000 transactions that are over, with their delivery trail, before the sweep would. Returns their
   * number.
   */
  deleteExpired(by: Actor): Promise<number>;
  /** The delivery trail of a transaction, oldest first. */
  trailOf(id: string): Promise<TrailEntry[]>;
  /** The present status of a transaction. */
  statusOf(transaction: Transaction): Status;
  /**
   * Offers a push token during a login. Its transaction is answered when the phone finishes the rollout; both expire
   * with the QR code. The token is stored first; one left without a transaction is replaced at the user's next login.
   * @see docs/protocols/privacyidea.md 3.5
   */
  offerInLogin(request: EnrolmentRequest): Promise<Result<Enrolment, 'serial-taken' | 'too-long' | TokenLimitRefusal>>;
  /**
   * Skips a skippable enrolment and removes its push token; true exactly once. Changes nothing if the phone came first
   * or it cannot be skipped any more.
   */
  skipEnrolment(transaction: Transaction): Promise<boolean>;
  /** Removes the offers of earlier logins; false if a phone took one of them after all. */
  takeBackOffers(tokens: readonly PushToken[]): Promise<boolean>;
  /** Whether a login offered this push token and no phone has taken it: it does not count as one of the user's. */
  isOfferedInLogin(token: PushToken): boolean;
};

/** Binds these functions to the engine's parts. */
export const openChallenges = (parts: EngineParts): Challenges => ({
  canAsk: (token, ask) => canAsk(parts, token, ask),
  issue: (request) => span('issue challenge', {}, () => issue(parts, request)),
  issueApproval: (request) => issueApproval(parts, request),
  issueQuietly: (request) => span('issue challenge', {}, () => issueQuietly(parts, request)),
  deliver: (request) => span('deliver challenge', {}, () => deliver(parts, request)),
  mayPoll: (asker, token) => mayPoll(parts, asker, token),
  answer: (phone, request) => span('take answer', { 'pushgate.phone_protocol': phone.name }, () => answer(parts, phone, request)),
  answerByHandle: (phone, request) =>
    span('take answer', { 'pushgate.phone_protocol': phone.name }, () => answerByHandle(parts, phone, request)),
  poll: (phone, request) => span('show challenges', { 'pushgate.phone_protocol': phone.name }, () => poll(parts, phone, request)),
  updateAddress: (phone, request) => updateAddress(parts, phone, request),
  watchStatus: (watch) => watchStatus(parts, watch),
  follow: (following) => follow(parts, following),
  readEvents: (reader) => readEvents(parts, reader),
  progressOf: (transaction) => progressOf(transaction, parts.clock()),
  waitForAnswer: (request) => waitForAnswer(parts, request),
  finish: (request) => span('finish login', {}, () => finish(parts, request)),
  pageSecret: ({ page }) => page && pageSecret(parts.keyring, page),
  findByPage: (page) => findByPage(parts, page),
  pageCode: (transaction) => pageCode(parts, transaction),
  findByPageCode: (request) => findByPageCode(parts, request),
  finishApproval: (request) => finishApproval(parts, request),
  withdraw: (transaction, by = 'server') => applyEvent(parts, transaction, { kind: 'withdrawn', by }),
  find: parts.store.findTransaction,
  findOwn: (dialect, authServer, id) => findOwn(parts, dialect, authServer, id),
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
