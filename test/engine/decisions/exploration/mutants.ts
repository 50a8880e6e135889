import type { Decided, TransactionEvent } from '../../../../src/engine/decisions/decide.ts';
import type { Decision } from '../../../../src/foundation/model/index.ts';
import { until } from './scenario.ts';
import type { Parts } from './world.ts';

type Decide = Parts['decide'];
/** What a mistake would make of the parts, and how the first scenario begins in which it shows. */
export type Mutant = { where?: string; spoils(parts: Parts): Partial<Parts> };

const inDecide = (spoil: (decide: Decide, decision: Decision, event: TransactionEvent, now: number) => Decided): Mutant => ({
  spoils: ({ decide }) => ({ decide: (decision, event, now) => spoil(decide, decision, event, now) }),
});

const withNext = (decided: Decided, change: (next: Decision) => Decision): Decided =>
  decided.next ? { ...decided, next: change(decided.next) } : decided;

/** The same before any phone has answered. */
const asIfUnanswered = (decision: Decision): Decision => ({
  ...decision,
  state: 'open',
  challenges: decision.challenges.map(({ answer: _said, ...rest }) => ({ ...rest, state: 'pending' })),
});

const answer = (event: TransactionEvent): Extract<TransactionEvent, { kind: 'answered' }> | undefined =>
  event.kind === 'answered' ? event : undefined;

const inRules: Record<string, Mutant> = {
  'hands an accept out twice': inDecide((decide, decision, event, now) =>
    decide(decision.state === 'consumed' ? { ...decision, state: 'accepted' } : decision, event, now),
  ),
  'hands an open login out': inDecide((decide, decision, event, now) =>
    decide(event.kind === 'consumed' && decision.state === 'open' ? { ...decision, state: 'accepted' } : decision, event, now),
  ),
  'lives one moment longer': inDecide((decide, decision, event, now) => decide(decision, event, now - 1)),
  'takes answers after their time': inDecide((decide, decision, event, now) =>
    withNext(decide({ ...decision, answerUntil: now + 1, finishUntil: Math.max(decision.finishUntil, now + 1) }, event, now), (next) => ({
      ...next,
      answerUntil: decision.answerUntil,
    })),
  ),
  'gives a grace to those who finish': inDecide((decide, decision, event, now) =>
    decide(event.kind === 'consumed' ? { ...decision, finishUntil: decision.finishUntil + 50 } : decision, event, now),
  ),
  'gives no grace': inDecide((decide, decision, event, now) =>
    withNext(decide(decision, event, now), (next) => ({ ...next, finishUntil: decision.finishUntil })),
  ),
  'lets an accept follow a decline': inDecide((decide, decision, event, now) =>
    decide(answer(event) && decision.state === 'declined' ? asIfUnanswered(decision) : decision, event, now),
  ),
  'lets a decline follow an accept': inDecide((decide, decision, event, now) =>
    decide(answer(event)?.verdict === 'declined' && decision.state === 'accepted' ? asIfUnanswered(decision) : decision, event, now),
  ),
  'takes a decline for an accept': inDecide((decide, decision, event, now) =>
    decide(decision, answer(event) ? ({ ...event, verdict: 'accepted' } as TransactionEvent) : event, now),
  ),
  'refuses the identical answer': inDecide((decide, decision, event, now) => {
    const decided = decide(decision, event, now);
    return decided.reply === 'repeated' ? { reply: 'refused' } : decided;
  }),
  'forgets which answer it took': inDecide((decide, decision, event, now) =>
    withNext(decide(decision, event, now), (next) => ({
      ...next,
      challenges: next.challenges.map(({ answer: _forgotten, ...challenge }) => challenge),
    })),
  ),
  'loses an accept to a time-out': inDecide((decide, decision, event, now) =>
    decide(decision, event.kind === 'withdrawn' ? { ...event, by: 'server' } : event, now),
  ),
  'loses an accept to a phone that is displaced': inDecide((decide, decision, event, now) =>
    event.kind === 'displaced' && decision.state === 'accepted'
      ? { reply: 'taken', next: { ...decision, state: 'withdrawn', version: decision.version + 1 } }
      : decide(decision, event, now),
  ),
  'hands out what was taken back': inDecide((decide, decision, event, now) =>
    decide(event.kind === 'consumed' && decision.state === 'withdrawn' ? { ...decision, state: 'accepted' } : decision, event, now),
  ),
  'forgets the version': inDecide((decide, decision, event, now) =>
    withNext(decide(decision, event, now), (next) => ({ ...next, version: decision.version })),
  ),
};

const inModes: Record<string, Mutant> = {
  'takes a wrong pick for the right one': {
    where: 'presence,',
    ...inDecide((decide, decision, event, now) =>
      decide(decision, answer(event) ? ({ ...event, option: 'right' } as TransactionEvent) : event, now),
    ),
  },
  'counts the same wrong pick twice': {
    where: 'presence,',
    ...inDecide((decide, decision, event, now) => {
      const challenges = decision.challenges.map(({ wrongAnswer: _forgotten, ...challenge }) => challenge);
      return decide({ ...decision, challenges }, event, now);
    }),
  },
  'takes any code for the right one': {
    where: 'code,',
    ...inDecide((decide, decision, event, now) =>
      decide(decision, event.kind === 'code-entered' ? { ...event, matches: 'T0' } : event, now),
    ),
  },
  'takes a code before its phone shows it': {
    where: 'code,',
    ...inDecide((decide, decision, event, now) => {
      const challenges = decision.challenges.map((each) => (each.state === 'pending' ? { ...each, state: 'code-shown' as const } : each));
      return decide(event.kind === 'code-entered' ? { ...decision, challenges } : decision, event, now);
    }),
  },
  'takes the confirming of a code for a yes': {
    where: 'code,',
    ...inDecide((decide, decision, event, now) => {
      const challenges = decision.challenges.map((each) => ({ ...each, mode: 'confirm' as const }));
      return withNext(decide({ ...decision, challenges }, event, now), (next) => ({
        ...next,
        challenges: next.challenges.map((each) => ({ ...each, mode: 'code' as const })),
      }));
    }),
  },
  'leaves the other phone open': {
    where: 'confirm + confirm,',
    ...inDecide((decide, decision, event, now) =>
      withNext(decide(decision, event, now), (next) => ({ ...next, state: next.state === 'declined' ? 'open' : next.state })),
    ),
  },
};

const aroundIt: Record<string, Mutant> = {
  'writes without looking at the version': { spoils: () => ({ mayWrite: () => true }) },
  'tells its reply though it came second': { spoils: () => ({ afterConflict: 'tells what it decided' }) },
  'tells its reply before it is written': { spoils: () => ({ tells: 'before the write' }) },
  'shows a login to every auth server': { spoils: () => ({ ownOf: (transaction) => transaction }) },
  'counts an effect as often as it is carried out': { where: 'accepted: confirm, slowly', spoils: () => ({ isCounted: () => false }) },
  'names effects by the moment': {
    where: 'confirm, slowly',
    spoils: ({ effectsOf }) => ({
      effectsOf: (before, next, now) =>
        next.state === 'accepted' || next.state === 'consumed'
          ? [{ kind: 'login-succeeded', id: `${now}`, serial: 'T0', at: now }]
          : effectsOf(before, next, now),
    }),
  },
  'forgets the effects of a login': { spoils: () => ({ effectsOf: () => [] }) },
  'says that a login is over while its code can be entered': {
    where: 'code,',
    spoils: ({ statusOf }) => ({
      statusOf: (decision, now) => (decision.state === 'open' && now >= until ? 'expired' : statusOf(decision, now)),
    }),
  },
  'says that a finished login is expired when its time is over': {
    spoils: ({ statusOf }) => ({ statusOf: (decision, now) => (now >= decision.finishUntil ? 'expired' : statusOf(decision, now)) }),
  },
};

/** Mistakes by what a gateway that makes them does; each must be found. */
export const mutants: Readonly<Record<string, Mutant>> = { ...inRules, ...inModes, ...aroundIt };
