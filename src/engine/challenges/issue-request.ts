import type { DecisionRule, PushToken, Transaction } from '../../foundation/model/index.ts';
import type { Asker } from '../parts.ts';
import type { Ask } from './ask.ts';

/** A dialect's own texts; policy may replace them. */
export type DialectPrompt = {
  title: string;
  question: string;
  /** A `login` names who logs in (`question`) where (`title`). */
  shape?: 'login';
  /** The user signs these very words: no policy replaces them, and none is cut. */
  isExact?: boolean;
  /** The dialect's servers know no tags in the question of a policy. */
  isLiteral?: boolean;
};

/** One login to be asked for: all of `tokens` get a challenge under one transaction. */
export type IssueRequest = {
  asker: Asker;
  user: string;
  realm: string;
  /** How the request named the user: the name that was typed, where the source writes another, and the source, where one was named. */
  typed?: string | undefined;
  source?: string | undefined;
  tokens: readonly PushToken[];
  prompt: DialectPrompt;
  /** An `activation` asks phones that have paired to prove their keys; the texts are of no account then. */
  kind?: 'login' | 'activation';
  /** For a dialect that names its transactions itself; asked anew where a name is taken. */
  naming?: () => Naming;
  /** What the caller proved itself with, where it will show it again with every poll. */
  pass?: string;
  /** What the user has to do; a plain yes or no where nothing is said. */
  ask?: Ask;
  /** The reply waits so long for the phone (ms), which may answer at least as long, whatever the usual validity is. */
  waitMs?: number | undefined;
  /** The PIN or password of the user was right: where policies say so, an identical request joins this login, and this one an earlier one. */
  isProved?: boolean | undefined;
  /** An operator tries a provider: the phone rings, and that counts for nothing. */
  isTest?: boolean;
  /** Whether `declineSettles` follows policy is the dialect's affair: this is the rule as it stands. */
  rule: DecisionRule;
};

/**
 * How a dialect calls a transaction, and the handles it would like for the phones, in the order of `tokens`; a protocol that makes its own leaves them. Where a
 * phone may answer under the name of the whole, it is found by the first handle: phones of that protocol come first.
 */
export type Naming = { foreignId: string; handles: readonly (string | undefined)[] };

/**
 * What was stored, and the push tokens whose phones are asked: those that have no room for it are left out. `hasJoined`: an identical request did that. `place`: that
 * of this request among those that wait, where identical ones may join.
 */
export type Issued = { transaction: Transaction; tokens: PushToken[]; hasJoined?: boolean; place?: number | undefined };
