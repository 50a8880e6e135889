import type { OutcomeKind } from './delivery.ts';
import type { ReadonlyDeep } from './push-token.ts';
import type { RelayProgress } from './relay.ts';

/** How the phone is asked: tap to confirm, pick the shown option, or read a code from the phone. */
export type ChallengeMode = 'confirm' | 'presence' | 'code';

/** Why a phone declined: `cancelled` by a user who gave up, `not-me` where it signed another reason (`unknown_trigger`), `declined` without one. */
export type DeclineReason = 'declined' | 'cancelled' | 'not-me';

/** How long the phone does not ring then (ms), whether its push token is disabled, and whether a decline without a reason is such a report. */
export type ReportRule = { mutedMs: number; disables: boolean; bareCounts: boolean };

/** The part of a transaction that one phone answers. */
export type Challenge = ReadonlyDeep<{
  serial: string;
  /** SHA-256 of the phone's public key (hex): a later phone under the same serial has nothing to do with it. */
  phoneKey: string;
  /** The phone protocol that sealed it. */
  phone: string;
  /** What the phone calls it (pipush: the nonce; LinOTP: a number); unique per phone protocol. */
  handle: string;
  mode: ChallengeMode;
  /** The exact text that is delivered and polled, signed once; empty where a quiet login has not asked this phone, and perhaps never will. */
  payload: string;
  /** Whether a provider was to ring this phone; false where it rang too often without a yes. Absent where none could. */
  rings?: boolean;
  /** The counter that this prompt is counted by. */
  prompt?: string;
  /** What follows from a decline that reports somebody else's login, as policies had it when the phone was asked. */
  report?: ReportRule;
  /** What the phone reads in the payload, where only the phone can open that and its answer covers it; base64. */
  clearText?: string;
  state: 'pending' | 'code-shown' | 'accepted' | 'declined' | 'locked' | 'closed';
  maxWrong: number;
  wrongTries: number;
  /** Presence mode: the option that proves presence. */
  rightOption?: string;
  /** Code mode: which key of the keyring makes the code, and how long it is. The code itself is stored nowhere. */
  code?: { keyId: string; digits: number };
  /** Digest of the signed answer that was taken, and of the last wrong one: phones send the same body again after a lost connection. */
  answer?: string;
  wrongAnswer?: string;
  declineReason?: DeclineReason;
}>;

/** Rules fixed at creation by the dialect that asked. */
export type DecisionRule = {
  /** A decline ends the transaction, even where another phone could still accept. */
  declineSettles: boolean;
  /** `once`: the server that asked takes an accepted login exactly once. `never`: it may ask again and again (LinOTP). */
  consume: 'once' | 'never';
  /** How long after an answer the server may still finish, in ms. */
  graceMs: number;
  /** Its PIN was typed where too many wrong ones were: only a yes is told of it, and nothing of whether any phone is asked. */
  quiet?: boolean;
};

/**
 * A login that an identical request may join. `joined`: how many have. `waiting`: the places of those whose replies wait for the phone and that have heard
 * nothing yet; the request that began it has place 0, those that joined have 1 and on.
 */
export type Repeats = { joined: number; waiting: number[] };

/** The part of a transaction that decides it. Changed only by `decide`, written only under its version. */
export type Decision = ReadonlyDeep<{
  rule: DecisionRule;
  state: 'open' | 'accepted' | 'declined' | 'withdrawn' | 'consumed';
  /** Phones may answer before this moment, servers may finish before that one (epoch ms; at the moment itself it is over). */
  answerUntil: number;
  finishUntil: number;
  challenges: Challenge[];
  version: number;
  repeats?: Repeats;
  /** Of a relayed challenge only: who delivers it, or what came of that. */
  relay?: RelayProgress;
}>;

/** One line of what delivery tried. `ms` is how long the attempt took. */
export type TrailEntry = {
  at: number;
  serial: string;
  provider: string;
  outcome: OutcomeKind | 'skipped';
  reason: string;
  ms: number;
};

/** A keyed tag of the pass that a login began with: which key of the keyring made it, and the tag (base64url). */
export type FirstLeg = { keyId: string; tag: string };

/**
 * How far the clocks of two gateways may be apart (ms). What was created later than that by another clock counts as expired: nobody can tell how long it is
 * good for.
 */
export const mostClockSkewMs = 120_000;

/** Whether a transaction was created in the future, as a gateway sees it whose clock says `now` (epoch ms). */
export const isFromFuture = ({ createdAt }: Pick<Transaction, 'createdAt'>, now: number): boolean => createdAt > now + mostClockSkewMs;

/** One login attempt. Everything but `decision`, effects and trail is fixed at creation. */
export type Transaction = ReadonlyDeep<{
  id: string;
  bucket: number;
  kind: 'login' | 'activation' | 'enrolment' | 'relay';
  authServer: string;
  dialect: string;
  /** The id that the auth server brought along, or that its dialect gave it, where there is one; unique with dialect and auth server. */
  foreignId?: string;
  user: string;
  realm: string;
  /** How the request that began it named the user: the name, where the source writes another, and the source, where one was named. */
  typed?: string;
  source?: string;
  /** The source that knows the user, and its id of the user; absent for a user of no source. */
  resolver?: string;
  userid?: string;
  /** Enrolment: the user may do without it. */
  skippable?: boolean;
  createdAt: number;
  /** The key of the client that the login came from, where the auth server told one: a digest of both. */
  client?: string;
  /** The counter of failures that ends with a phone's yes. */
  failures?: string;
  /** For servers that show the pass of the first leg again with every poll. */
  firstLeg?: FirstLeg;
  decision: Decision;
}>;
