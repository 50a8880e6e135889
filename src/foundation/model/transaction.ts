import type { OutcomeKind } from './delivery.ts';
import type { ReadonlyDeep } from './push-token.ts';
import type { RelayProgress } from './relay.ts';

/** How the phone is asked: confirm by a tap, pick the shown option, or read a code from the phone. */
export type ChallengeMode = 'confirm' | 'presence' | 'code';

/**
 * Why a phone declined: `cancelled` by a user who gave up; `not-me`: the phone signed that reason (`unknown_trigger`);
 * `declined` without a reason.
 */
export type DeclineReason = 'declined' | 'cancelled' | 'not-me';

/**
 * The consequences of reporting a login: no pushes to the phone for `mutedMs`, whether its push token is disabled, and
 * whether a decline without a reason counts as a report.
 */
export type ReportRule = { mutedMs: number; disables: boolean; bareCounts: boolean };

/** The part of a transaction that one phone answers. */
export type Challenge = ReadonlyDeep<{
  serial: string;
  /** SHA-256 of the phone's public key (hex), so that a later phone with the same serial cannot answer. */
  phoneKey: string;
  /** The phone protocol that sealed the challenge. */
  phone: string;
  /** The phone's id of the challenge (pipush: the nonce; LinOTP: a number); unique per phone protocol. */
  handle: string;
  mode: ChallengeMode;
  /** The exact text that is delivered and polled, signed once; empty while a quiet login does not ask this phone. */
  payload: string;
  /**
   * Whether a provider is to push to this phone; false when it was asked too often without an accept. Absent when no
   * provider could.
   */
  rings?: boolean;
  /** The id of the counter for this prompt. */
  prompt?: string;
  /** The consequences of reporting this login, by the policies at the time of asking. */
  report?: ReportRule;
  /** What the phone decrypts from the payload (base64), for protocols whose answer covers it. */
  clearText?: string;
  state: 'pending' | 'code-shown' | 'accepted' | 'declined' | 'locked' | 'closed';
  maxWrong: number;
  wrongTries: number;
  /** Presence mode: the right option. */
  rightOption?: string;
  /** Code mode: the keyring key that makes the code, and its length. The code itself is never stored. */
  code?: { keyId: string; digits: number };
  /**
   * Digests of the accepted signed answer and of the last wrong one: a phone repeats the same body after a lost
   * connection.
   */
  answer?: string;
  wrongAnswer?: string;
  declineReason?: DeclineReason;
}>;

/** Rules fixed at creation by the asking dialect. */
export type DecisionRule = {
  /** A decline ends the transaction, even if another phone could still accept. */
  declineSettles: boolean;
  /**
   * `once`: an accepted login can be finished exactly once. `never`: the auth server may finish it repeatedly (LinOTP).
   */
  consume: 'once' | 'never';
  /** How long after an answer the auth server may still finish, in ms. */
  graceMs: number;
  /**
   * Too many wrong PINs came from the login's origin: the auth server only learns of an accept, and not whether any
   * phone was asked.
   */
  quiet?: boolean;
  /**
   * The auth server is told the result: a message of the outbox waits for it, due at once when the transaction is
   * decided. Its id is `callbackId`.
   */
  callsBack?: boolean;
};

/**
 * A login that identical requests may join. `joined`: how many have. `waiting`: the numbers of the requests that still
 * wait for the phone; 0 is the request that began the login, those that joined have 1 and up.
 */
export type Repeats = { joined: number; waiting: number[] };

/**
 * The part of a transaction that decides it. Only `decide` changes it, and it is written only if the version still
 * matches.
 */
export type Decision = ReadonlyDeep<{
  rule: DecisionRule;
  state: 'open' | 'accepted' | 'declined' | 'withdrawn' | 'consumed';
  /** Phones may answer before `answerUntil`, auth servers may finish before `finishUntil` (epoch ms, exclusive). */
  answerUntil: number;
  finishUntil: number;
  challenges: Challenge[];
  version: number;
  repeats?: Repeats;
  /** Relayed challenges only: the delivery's progress or outcome. */
  relay?: RelayProgress;
}>;

/** One delivery attempt. `ms` is its duration. */
export type TrailEntry = {
  at: number;
  serial: string;
  provider: string;
  outcome: OutcomeKind | 'skipped';
  reason: string;
  ms: number;
};

/**
 * A keyed tag of the pass of the first leg, of the binding of an approval, or of the content of a relayed challenge: the
 * id of the keyring key, and the tag (base64url).
 */
export type FirstLeg = { keyId: string; tag: string };

/**
 * A page that waits for the phone. The secret in its address is derived from `seed` by this key of the keyring; the
 * browser goes back to `returnUrl`, with the caller's `state`.
 */
export type WaitingPage = { keyId: string; seed: string; returnUrl: string; state?: string };

/**
 * The largest clock difference between two gateways (ms). A record created further in the future counts as expired,
 * since its validity cannot be judged.
 */
export const mostClockSkewMs = 120_000;

/** Whether a transaction was created in the future by a gateway's clock `now` (epoch ms). */
export const isFromFuture = ({ createdAt }: Pick<Transaction, 'createdAt'>, now: number): boolean => createdAt > now + mostClockSkewMs;

/** The id of the outbox message that tells an auth server the result of this transaction. */
export const callbackId = (transactionId: string): string => `callback:${transactionId}`;

/** One login attempt. All fields but `decision`, effects and trail are fixed at creation. */
export type Transaction = ReadonlyDeep<{
  id: string;
  bucket: number;
  kind: 'login' | 'activation' | 'enrolment' | 'relay';
  authServer: string;
  dialect: string;
  /** The id that the auth server supplied or its dialect assigned, if any; unique per dialect and auth server. */
  foreignId?: string;
  user: string;
  realm: string;
  /** How the first request named the user, if different from `user`; and the source that it named, if any. */
  typed?: string;
  source?: string;
  /** The source that knows the user, and its id of the user; absent without a source. */
  resolver?: string;
  userid?: string;
  /** Enrolment: the user may skip it. */
  skippable?: boolean;
  /** The page in the user's browser that waits for the phone. */
  page?: WaitingPage;
  createdAt: number;
  /** The key of the login's client, a digest of client and auth server, if the auth server named a client. */
  client?: string;
  /** The counter of failures that an accept resets. */
  failures?: string;
  /** For requests that must show again what the first one showed. */
  firstLeg?: FirstLeg;
  decision: Decision;
}>;
