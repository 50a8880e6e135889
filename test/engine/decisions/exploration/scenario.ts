import type { TransactionEvent } from '../../../../src/engine/decisions/decide.ts';
import type { ChallengeMode, Decision, DecisionRule, Transaction } from '../../../../src/foundation/model/index.ts';
import { givenChallenge, givenTransaction } from '../../../kit/records.ts';

/** The auth server that began the login, and one that has nothing to do with it. */
export const [owner, stranger] = ['vpn', 'wiki'];

/** Who does something, and what its request comes to once a gateway has understood it. `phone` counts from 0. */
export type Move = {
  name: string;
  event: TransactionEvent;
  phone?: number;
  authServer?: string;
};

/** One login, the rules it is under, how far the clock of the second gateway is ahead, and all that may happen to it. */
export type Scenario = {
  title: string;
  transaction: Transaction;
  moves: readonly Move[];
  /** The readings of the first gateway's clock (ms); each is one step. */
  moments: readonly number[];
  aheadMs: number;
  /** Whether time may pass between what a gateway reads and what it decides, and whether effects are followed until they are taken off. */
  isSlow: boolean;
  /** How many steps are gone through, in every order: by `npm test`, and by `npm run explore`. */
  depths: { short: number; long: number };
  /** What phones have answered before it begins. */
  taken: readonly string[];
};

/** Until when phones may answer and servers may finish, before any grace. */
export const until = 100;
const graceMs = 50;
const rules: readonly Pick<DecisionRule, 'declineSettles' | 'consume' | 'graceMs'>[] = [
  { declineSettles: true, consume: 'once', graceMs },
  { declineSettles: false, consume: 'once', graceMs: 0 },
  { declineSettles: true, consume: 'never', graceMs: 0 },
  { declineSettles: false, consume: 'never', graceMs },
];
const casts: readonly ChallengeMode[][] = [
  ['confirm'],
  ['presence'],
  ['code'],
  ['confirm', 'confirm'],
  ['confirm', 'presence'],
  ['confirm', 'code'],
  ['presence', 'presence'],
  ['presence', 'code'],
  ['code', 'code'],
];
/** Clocks that agree, and a second gateway that is ahead: with the gateways changed about, that is one that is behind. */
const skews = [0, 3];

/** Just in time, just too late, and the end of a grace that began just in time, for either clock; then the lease of effects is over. */
const momentsOf = (aheadMs: number): number[] => {
  const last = until - Math.max(1, aheadMs);
  return [10, last, until, last + graceMs - aheadMs, last + graceMs, 20_000];
};

/** Every number of phones and mode, every rule, and clocks that agree or do not; once more, slowly, for a phone alone; and logins that are accepted already. */
const fromTheBeginning: readonly Scenario[] = casts.flatMap((modes) =>
  rules.flatMap((rule) =>
    skews.flatMap((aheadMs) =>
      (modes.length === 1 ? [false, true] : [false]).map((isSlow): Scenario => {
        const settles = rule.declineSettles ? 'a decline settles' : 'a decline leaves it open';
        const title = [modes.join(' + '), settles, `consumed ${rule.consume}`, `grace ${rule.graceMs} ms`, `clocks ${aheadMs} ms apart`];
        const moments = [...new Set(momentsOf(aheadMs))];
        return {
          title: [...title, ...(isSlow ? ['slowly'] : [])].join(', '),
          transaction: loginOf(modes, rule),
          moves: movesOf(modes),
          moments,
          aheadMs,
          isSlow,
          depths: depthsOf(modes.length, isSlow, aheadMs),
          taken: [],
        };
      }),
    ),
  ),
);

const answered: readonly Scenario[] = fromTheBeginning
  .filter(({ title, isSlow }) => title.startsWith('confirm,') && isSlow)
  .map((scenario) => ({
    ...scenario,
    title: `accepted: ${scenario.title}`,
    transaction: asAccepted(scenario.transaction),
    taken: ['T0 accepts'],
    depths: { short: 6, long: 10 },
  }));

/** All of them. */
export const scenarios: readonly Scenario[] = [...fromTheBeginning, ...answered];

/** Two phones with clocks that differ are left to the long form: there is too much that can happen. */
function depthsOf(phones: number, isSlow: boolean, aheadMs: number): Scenario['depths'] {
  if (phones > 1) return { short: aheadMs === 0 ? 4 : 0, long: 6 };
  return isSlow ? { short: 5, long: 8 } : { short: 5, long: 9 };
}

function asAccepted(transaction: Transaction): Transaction {
  const challenges = transaction.decision.challenges.map((each) => ({ ...each, state: 'accepted' as const, answer: 'T0 accepts' }));
  return { ...transaction, decision: { ...transaction.decision, state: 'accepted', version: 1, challenges } };
}

function loginOf(modes: readonly ChallengeMode[], rule: DecisionRule): Transaction {
  const maxWrong = modes.length === 1 ? 2 : 1;
  const challenges = modes.map((mode, index) => givenChallenge({ serial: `T${index}`, handle: `H${index}`, mode, maxWrong }));
  const decision: Decision = { ...givenTransaction().decision, rule, answerUntil: until, finishUntil: until, challenges };
  return givenTransaction({ authServer: owner, decision });
}

function movesOf(modes: readonly ChallengeMode[]): Move[] {
  const caller: Move[] = [
    { name: 'the server takes back', event: { kind: 'withdrawn', by: 'server' }, authServer: owner },
    { name: 'the wait is over', event: { kind: 'withdrawn', by: 'wait-timeout' } },
  ];
  const finishing: Move['event'][] = [
    { kind: 'consumed' },
    ...(modes.includes('code') ? [{ kind: 'code-entered' as const, matches: undefined }] : []),
    ...modes.flatMap((mode, phone) => (mode === 'code' ? [{ kind: 'code-entered' as const, matches: `T${phone}` }] : [])),
  ];
  for (const authServer of [owner, stranger])
    for (const event of finishing) {
      const what = event.kind === 'code-entered' ? `enters ${event.matches ? `the code of ${event.matches}` : 'a wrong code'}` : 'finishes';
      caller.push({ name: `${authServer} ${what}`, event, authServer });
    }
  return [...modes.flatMap((mode, phone) => phoneMoves(mode, phone, modes.length === 1 ? 2 : 1)), ...caller];
}

function phoneMoves(mode: ChallengeMode, phone: number, wrongPicks: number): Move[] {
  const serial = `T${phone}`;
  const says = (name: string, verdict: 'accepted' | 'declined', option?: 'right' | 'wrong'): Move => ({
    name: `${serial} ${name}`,
    event: { kind: 'answered', serial, answer: `${serial} ${name}`, verdict, option },
    phone,
  });
  return [
    says('accepts', 'accepted', mode === 'presence' ? 'right' : undefined),
    says('declines', 'declined'),
    ...(mode === 'presence'
      ? ['picks wrong', 'picks wrong otherwise'].slice(0, wrongPicks).map((name) => says(name, 'accepted', 'wrong'))
      : []),
    { name: `${serial} is displaced`, event: { kind: 'displaced', serial } },
  ];
}
