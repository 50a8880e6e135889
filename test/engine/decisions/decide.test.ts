import assert from 'node:assert/strict';
import { type Decided, decide as decideOf, type TransactionEvent } from '../../../src/engine/decisions/decide.ts';
import { statusOf } from '../../../src/engine/decisions/status.ts';
import type { Challenge, ChallengeMode, Decision } from '../../../src/foundation/model/index.ts';
import { minutes } from '../../kit/clock.ts';

type Decide = (decision: Decision, event: TransactionEvent, now: number) => Decided;
const decide: Decide = (decision, event, now) => decideOf({ createdAt: 0, decision }, event, now);
type Settings = { modes: [ChallengeMode, ChallengeMode]; declineSettles: boolean; consume: 'once' | 'never' };

const answerUntil = 100;
const finishUntil = 120;
const graceMs = 50;
const moments = [10, answerUntil - 1, answerUntil, finishUntil, answerUntil + graceMs];
const finalStates = ['accepted', 'declined', 'locked', 'closed'];

function start({ modes, declineSettles, consume }: Settings): Decision {
  const challenges = modes.map(
    (mode, index): Challenge => ({
      serial: `T${index}`,
      phone: 'pipush',
      phoneKey: '',
      handle: `H${index}`,
      mode,
      payload: '',
      state: 'pending',
      maxWrong: 2,
      wrongTries: 0,
    }),
  );
  return { rule: { declineSettles, consume, graceMs }, state: 'open', answerUntil, finishUntil, challenges, version: 0 };
}

function* everyEvent(): Generator<TransactionEvent> {
  for (const serial of ['T0', 'T1', 'stranger']) {
    yield { kind: 'answered', serial, answer: `${serial} yes`, verdict: 'accepted', option: 'right' };
    yield { kind: 'answered', serial, answer: `${serial} no`, verdict: 'declined', declineReason: 'cancelled' };
    yield { kind: 'answered', serial, answer: `${serial} wrong`, verdict: 'accepted', option: 'wrong' };
    yield { kind: 'answered', serial, answer: `${serial} wrong again`, verdict: 'accepted', option: 'wrong' };
    yield { kind: 'code-entered', matches: serial };
    yield { kind: 'displaced', serial };
  }
  yield { kind: 'code-entered', matches: undefined };
  yield { kind: 'consumed' };
  for (const by of ['server', 'wait-timeout', 'newer-prompt'] as const) yield { kind: 'withdrawn', by };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}

/** Visits every decision that five changes can reach, and checks every step; returns how many steps it saw. */
function explore(
  settings: Settings,
  decideUnderTest: Decide,
  check: (before: Decision, event: TransactionEvent, now: number, step: Decided) => void,
): number {
  let steps = 0;
  const seen = new Set<string>();
  let frontier: { decision: Decision; since: number }[] = [{ decision: deepFreeze(start(settings)), since: 0 }];
  for (let depth = 0; depth < 5; depth += 1) {
    const reached: typeof frontier = [];
    for (const { decision, since } of frontier) {
      for (const now of moments.filter((moment) => moment >= since)) {
        for (const event of everyEvent()) {
          const step = decideUnderTest(decision, deepFreeze(event), now);
          check(decision, event, now, step);
          steps += 1;
          const key = step.next && JSON.stringify([step.next, now]);
          if (!step.next || !key || seen.has(key)) continue;
          seen.add(key);
          reached.push({ decision: deepFreeze(step.next), since: now });
        }
      }
    }
    frontier = reached;
  }
  return steps;
}

/** What must hold for every single step, whatever led to it. */
function checkStep(before: Decision, event: TransactionEvent, now: number, { reply, next }: Decided): void {
  const challenge = event.kind === 'answered' ? before.challenges.find(({ serial }) => serial === event.serial) : undefined;
  if (now >= before.finishUntil) assert.deepEqual({ reply, next }, { reply: 'refused', next: undefined }, 'over is over');
  if (['declined', 'withdrawn', 'consumed'].includes(before.state)) assert.equal(next, undefined, 'a settled end never changes');
  if (event.kind === 'answered' && challenge?.answer === event.answer && now < before.finishUntil) {
    assert.ok(reply === 'repeated' || reply === 'code-shown', 'an identical answer is never refused');
    assert.equal(next, undefined, 'an identical answer changes nothing');
  }
  if (event.kind === 'consumed' && now < before.finishUntil)
    assert.equal(reply === 'accepted', before.state === 'accepted', 'only an accept is handed out');
  if (event.kind === 'withdrawn' && event.by !== 'server' && before.state === 'accepted')
    assert.equal(next, undefined, 'no accept is lost to a time-out');
  if (event.kind === 'withdrawn' && before.state === 'open' && now < before.finishUntil) assert.equal(next?.state, 'withdrawn');
  if (next) checkChange(before, event, now, reply, next);
}

function checkChange(before: Decision, event: TransactionEvent, now: number, reply: Decided['reply'], next: Decision): void {
  assert.equal(next.version, before.version + 1, 'every change is one version');
  assert.ok(next.finishUntil >= before.finishUntil && next.answerUntil === before.answerUntil, 'time is only ever added to finish');
  before.challenges.forEach((challenge, index) => {
    if (finalStates.includes(challenge.state)) assert.deepEqual(next.challenges[index], challenge, 'an ended challenge never changes');
    assert.ok((next.challenges[index]?.wrongTries ?? 0) - challenge.wrongTries <= 1, 'one event counts once');
  });
  if (['accepted', 'declined', 'consumed'].includes(next.state)) {
    assert.ok(
      next.challenges.every(({ state }) => finalStates.includes(state)),
      'a verdict leaves nothing to answer',
    );
  }
  if (event.kind === 'displaced') {
    const isLeft = next.challenges.some(({ state }) => state === 'pending' || state === 'code-shown');
    assert.equal(next.state, isLeft ? 'open' : 'withdrawn', 'a login goes with its last phone');
    assert.ok(before.challenges.some(({ serial, state }) => serial === event.serial && state === 'pending'));
    assert.equal(next.challenges.filter((each, index) => each !== before.challenges[index]).length, 1, 'no other phone hears of it');
  }
  if (event.kind === 'answered') {
    assert.ok(now < before.answerUntil && before.state === 'open', 'phones answer open transactions in time');
    const own = next.challenges.find(({ serial }) => serial === event.serial);
    if (event.verdict === 'declined') {
      assert.equal(own?.state, 'declined');
      assert.equal(own?.declineReason, 'cancelled');
      if (before.rule.declineSettles) assert.equal(next.state, 'declined', 'a decline settles where the rule says so');
    }
    if (next.state === 'accepted') {
      assert.equal(event.verdict, 'accepted');
      assert.notEqual(own?.mode, 'code', 'a code is accepted by whoever enters it, not by the phone');
      assert.ok(own?.mode !== 'presence' || event.option === 'right', 'only the right option accepts');
      assert.equal(own?.state, 'accepted');
    }
    if (reply !== 'refused')
      assert.equal(next.finishUntil, Math.max(before.finishUntil, now + graceMs), 'an answer leaves the grace to finish');
  }
  if (next.state === 'consumed') {
    assert.equal(reply, 'accepted');
    const rightCode =
      event.kind === 'code-entered' && before.challenges.some((c) => c.serial === event.matches && c.state === 'code-shown');
    assert.ok(before.state === 'accepted' ? event.kind === 'consumed' : rightCode, 'consumed means: handed out just now');
    assert.ok(before.state === 'accepted' ? before.rule.consume === 'once' : true);
  }
}

function exploreEverything(decideUnderTest: Decide): number {
  const modes: ChallengeMode[] = ['confirm', 'presence', 'code'];
  let steps = 0;
  for (const first of modes)
    for (const second of modes)
      for (const declineSettles of [true, false])
        for (const consume of ['once', 'never'] as const)
          steps += explore({ modes: [first, second], declineSettles, consume }, decideUnderTest, checkStep);
  return steps;
}

describe('The life of a transaction', () => {
  it('keeps its promises in every step that five changes over two phones can reach', () => {
    // given every pair of modes, every rule and four points in time
    // when every event happens in every reachable state
    const steps = exploreEverything(decide);
    // then no step broke a promise, and there were enough of them to mean something
    assert.ok(steps > 100_000, `only ${steps} steps`);
  });

  const mutants: Record<string, Decide> = {
    'lives one moment longer': (decision, event, now) => decide(decision, event, now - 1),
    'lets an accept follow a settled decline': (decision, event, now) =>
      decide(decision.state === 'declined' ? { ...decision, state: 'accepted' } : decision, event, now),
    'hands an accept out twice': (decision, event, now) =>
      decide(decision.state === 'consumed' ? { ...decision, state: 'accepted' } : decision, event, now),
    'loses an accept to a time-out': (decision, event, now) =>
      decide(decision, event.kind === 'withdrawn' ? { ...event, by: 'server' } : event, now),
    'takes a wrong option for the right one': (decision, event, now) =>
      decide(decision, event.kind === 'answered' ? { ...event, option: 'right' } : event, now),
    'takes answers after their time': (decision, event, now) => {
      const step = decide({ ...decision, answerUntil: decision.finishUntil }, event, now);
      return step.next ? { ...step, next: { ...step.next, answerUntil: decision.answerUntil } } : step;
    },
    'forgets the version': (decision, event, now) => {
      const step = decide(decision, event, now);
      return step.next ? { ...step, next: { ...step.next, version: decision.version } } : step;
    },
    'refuses the identical answer': (decision, event, now) => {
      const step = decide(decision, event, now);
      return step.reply === 'repeated' ? { reply: 'refused' } : step;
    },
    'gives no grace': (decision, event, now) => {
      const step = decide(decision, event, now);
      return step.next ? { ...step, next: { ...step.next, finishUntil: decision.finishUntil } } : step;
    },
    'leaves siblings open': (decision, event, now) => {
      const step = decide(decision, event, now);
      const challenges = step.next?.challenges.map((c) => (c.state === 'closed' ? { ...c, state: 'pending' as const } : c));
      return step.next && challenges ? { ...step, next: { ...step.next, challenges } } : step;
    },
  };
  for (const [name, mutant] of Object.entries(mutants)) {
    it(`would be caught if it ${name}`, () => {
      assert.throws(() => exploreEverything(mutant), assert.AssertionError);
    });
  }

  it('leaves a presence challenge open after the first wrong option and locks it at the second', () => {
    // given a presence challenge on the only phone
    const only = { ...start({ modes: ['presence', 'confirm'], declineSettles: true, consume: 'once' }) };
    const decision = { ...only, challenges: only.challenges.slice(0, 1) };
    // when the phone picks a wrong option, sends the same body again, and picks another wrong one
    const first = decide(decision, { kind: 'answered', serial: 'T0', answer: 'a', verdict: 'accepted', option: 'wrong' }, 1);
    const again = decide(first.next ?? decision, { kind: 'answered', serial: 'T0', answer: 'a', verdict: 'accepted', option: 'wrong' }, 1);
    const second = decide(first.next ?? decision, { kind: 'answered', serial: 'T0', answer: 'b', verdict: 'accepted', option: 'wrong' }, 1);
    // then the repetition counts nothing, and the second one ends it
    assert.equal(first.next?.challenges[0]?.state, 'pending');
    assert.equal(again.next, undefined);
    assert.equal(second.next?.challenges[0]?.state, 'locked');
    assert.equal(second.next?.state, 'declined');
  });

  it('is over for a gateway whose clock is more than two minutes slow', () => {
    // given a login that waits, and one that was accepted, both created at this moment by another gateway
    const createdAt = minutes(60);
    const open = {
      ...start({ modes: ['confirm', 'code'], declineSettles: true, consume: 'once' }),
      answerUntil: Infinity,
      finishUntil: Infinity,
    };
    for (const state of ['open', 'accepted'] as const) {
      const transaction = { createdAt, decision: deepFreeze({ ...open, state }) };
      // when anything happens to it by a clock that is too slow, then it is refused and changes nothing
      for (const event of everyEvent())
        assert.deepEqual(decideOf(transaction, event, createdAt - minutes(2) - 1), { reply: 'refused' }, event.kind);
      assert.equal(statusOf(transaction, createdAt - minutes(2) - 1), 'expired');
      // and by one that is not, it goes on
      assert.equal(decideOf(transaction, { kind: 'withdrawn', by: 'server' }, createdAt - minutes(2)).reply, 'taken');
    }
  });

  it('lets the other phone accept where a decline does not settle', () => {
    const decision = start({ modes: ['confirm', 'confirm'], declineSettles: false, consume: 'once' });
    const first = decide(decision, { kind: 'answered', serial: 'T0', answer: 'no', verdict: 'declined' }, 1);
    const second = decide(first.next ?? decision, { kind: 'answered', serial: 'T1', answer: 'yes', verdict: 'accepted' }, 2);
    assert.equal(first.next?.state, 'open');
    assert.equal(second.next?.state, 'accepted');
  });
});

describe('A quiet login', () => {
  /** `asked`: whether the phones are asked behind the reply, as they are for a right PIN. */
  const given = (mode: ChallengeMode, asked: boolean): Decision => {
    const usual = start({ modes: [mode, mode], declineSettles: true, consume: 'once' });
    const rule = { ...usual.rule, quiet: true };
    const challenges = usual.challenges.map((each) => ({ ...each, state: 'closed' as const, payload: '' }));
    const quiet = { ...usual, rule, challenges };
    if (!asked) return quiet;
    const sealed = usual.challenges.map((each) => ({ ...each, payload: 'signed' }));
    return decide(quiet, { kind: 'asked', challenges: sealed }, 1).next ?? quiet;
  };
  const said = (decision: Decision, now: number) => [decision.state, decision.finishUntil, statusOf({ createdAt: 0, decision }, now)];

  for (const { what, mode, event } of [
    {
      what: 'a no',
      mode: 'confirm',
      event: { kind: 'answered', serial: 'T0', answer: 'no', verdict: 'declined', declineReason: 'not-me' },
    },
    {
      what: 'a wrong option',
      mode: 'presence',
      event: { kind: 'answered', serial: 'T0', answer: 'a', verdict: 'accepted', option: 'wrong' },
    },
    { what: 'a place that goes to another', mode: 'confirm', event: { kind: 'displaced', serial: 'T0' } },
    { what: 'a wrong code', mode: 'code', event: { kind: 'code-entered', matches: undefined } },
  ] satisfies { what: string; mode: ChallengeMode; event: TransactionEvent }[])
    it(`reads as one whose phones nobody asks after ${what} from each phone`, () => {
      const unasked = given(mode, false);
      let decision = given(mode, true);
      assert.notEqual(decision.version, unasked.version);
      for (const serial of ['T0', 'T1', 'T0', 'T1'])
        decision =
          decide(decision, event.kind === 'answered' ? { ...event, serial, answer: `${decision.version}` } : event, 5).next ?? decision;
      for (const now of moments) assert.deepEqual(said(decision, now), said(unasked, now));
    });

  it('is told of a yes, and only of one in time and after its phones were asked', () => {
    const yes: TransactionEvent = { kind: 'answered', serial: 'T1', answer: 'yes', verdict: 'accepted' };
    assert.equal(decide(given('confirm', false), yes, 5).next, undefined);
    assert.equal(decide(given('confirm', true), yes, answerUntil).next, undefined);
    assert.equal(decide(given('confirm', true), yes, 5).next?.state, 'accepted');
  });

  for (const { what, decision, now } of [
    { what: 'its time is over', decision: given('confirm', false), now: answerUntil },
    { what: 'they are asked already', decision: given('confirm', true), now: 5 },
    { what: 'it was withdrawn', decision: { ...given('confirm', false), state: 'withdrawn' as const }, now: 5 },
  ])
    it(`asks no phone when ${what}`, () => {
      const challenges = start({ modes: ['confirm', 'confirm'], declineSettles: true, consume: 'once' }).challenges;
      assert.equal(decide(decision, { kind: 'asked', challenges }, now).next, undefined);
    });
});
