import type { DecisionRule, PushToken, Transaction, WaitingPage } from '../../foundation/model/index.ts';
import type { Asker } from '../parts.ts';
import type { Ask } from './ask.ts';

/** The dialect's own texts; policy may replace them. */
export type DialectPrompt = {
  title: string;
  question: string;
  /** In a `login`, the question is the user and the title is the place. */
  shape?: 'login';
  /** The user signs exactly this text: no policy replaces it, and it is never cut. */
  isExact?: boolean;
  /** The dialect's server knows no tags in the question of a policy. */
  isLiteral?: boolean;
};

/** A login to issue: all of `tokens` get a challenge in one transaction. */
export type IssueRequest = {
  asker: Asker;
  user: string;
  realm: string;
  /**
   * How the request named the user: the typed name if the source writes it differently, and the source if one was
   * named.
   */
  typed?: string | undefined;
  source?: string | undefined;
  tokens: readonly PushToken[];
  prompt: DialectPrompt;
  /** An `activation` asks paired phones to prove their keys; its texts do not matter. */
  kind?: 'login' | 'activation';
  /** For a dialect that chooses the ids of its transactions; called again when an id is taken. */
  naming?: (() => Naming) | undefined;
  /** What the caller has to show again: the PIN with every poll, or the binding with the finish of an approval. */
  pass?: string | undefined;
  /** The page in the user's browser that waits for the phone. */
  page?: WaitingPage | undefined;
  /** What the user has to do; default: confirm. */
  ask?: Ask;
  /** How long the phone may answer (ms); policies may only shorten it. Without it, as policies say. */
  validityMs?: number | undefined;
  /** The reply waits this long for the phone (ms), and the phone may answer at least as long. */
  waitMs?: number | undefined;
  /**
   * The PIN or password was right. Where policies allow, this request may then join an identical login, or be joined.
   */
  isProved?: boolean | undefined;
  /** An operator tests a provider: the phone rings, and nothing is counted. */
  isTest?: boolean;
  /** The dialect decides whether `declineSettles` follows policy; this is the final rule. */
  rule: DecisionRule;
};

/** Names that a dialect chooses for a transaction. */
export type Naming = {
  /** The dialect's id of the transaction. */
  foreignId: string;
  /**
   * Wishes for handles, in the order of `tokens`; a protocol with handles of its own ignores them. A phone that may
   * answer with the id of the whole transaction is found by the first handle, so tokens of that protocol come first.
   */
  handles: readonly (string | undefined)[];
};

/** A stored login. */
export type Issued = {
  transaction: Transaction;
  /** The push tokens whose phones are prompted; those without room are left out. */
  tokens: PushToken[];
  /** The request joined the login of an identical one. */
  hasJoined?: boolean;
  /** The number of this request among identical ones that wait; absent unless identical requests may join. */
  place?: number | undefined;
};
