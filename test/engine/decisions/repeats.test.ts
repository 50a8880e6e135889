import assert from 'node:assert/strict';
import { type Decided, decide as decideOf, mostJoined, type TransactionEvent } from '../../../src/engine/decisions/decide.ts';
import type { Challenge, Decision } from '../../../src/foundation/model/index.ts';

const decide = (decision: Decision, event: TransactionEvent, now: number): Decided => decideOf({ createdAt: 0, decision }, event, now);

const challenge: Challenge = {
  serial: 'T0',
  phone: 'pipush',
  phoneKey: '',
  handle: 'H0',
  mode: 'confirm',
  payload: 'signed',
  state: 'pending',
  maxWrong: 1,
  wrongTries: 0,
};
const answerUntil = 100;

/** A login that waits for one phone, and that identical requests may join. */
const given = (more: Partial<Decision> = {}): Decision => ({
  rule: { declineSettles: true, consume: 'once', graceMs: 50 },
  state: 'open',
  answerUntil,
  finishUntil: answerUntil,
  challenges: [challenge],
  version: 0,
  repeats: { joined: 0, waiting: [0] },
  ...more,
});

const joins: TransactionEvent = { kind: 'joined', waits: true };
const yes: TransactionEvent = { kind: 'answered', serial: 'T0', answer: 'yes', verdict: 'accepted' };
const no: TransactionEvent = { kind: 'answered', serial: 'T0', answer: 'no', verdict: 'declined' };
const places = [0, 1, 2, 3, 4];
const everyEvent: readonly TransactionEvent[] = [
  joins,
  { kind: 'joined', waits: false },
  yes,
  no,
  { kind: 'displaced', serial: 'T0' },
  { kind: 'withdrawn', by: 'server' },
  ...places.flatMap((place): TransactionEvent[] => [
    { kind: 'consumed', place },
    { kind: 'left', place, because: 'time' },
    { kind: 'left', place, because: 'gone' },
  ]),
];

/** A decision, who waited when the phone said yes, and who has been let in. */
type Moment = { decision: Decision; released: readonly number[] | undefined; letIn: readonly number[] };

function after({ decision, released, letIn }: Moment, event: TransactionEvent, { reply, next }: Decided): Moment | undefined {
  if (event.kind === 'consumed' && reply === 'accepted') {
    const { place = -1 } = event;
    assert.ok(released?.includes(place), `${place} had not joined before the yes`);
    assert.ok(!letIn.includes(place), `${place} was let in twice`);
    assert.ok(next);
    return { decision: next, released, letIn: [...letIn, place] };
  }
  if (!next) return undefined;
  const { waiting = [], joined = 0 } = next.repeats ?? {};
  assert.equal(next.version, decision.version + 1);
  assert.ok(joined <= mostJoined);
  assert.equal(new Set(waiting).size, waiting.length, 'everybody waits once');
  if (event.kind === 'joined') assert.ok(decision.state === 'open' && decision.challenges.every(({ state }) => state === 'pending'));
  if (event.kind === 'left' && next.state === 'withdrawn') assert.ok(event.because === 'time' && waiting.length === 0);
  return { decision: next, released: event.kind === 'answered' && next.state === 'accepted' ? waiting : released, letIn };
}

describe('A login that identical requests join', () => {
  it('lets in exactly those who waited when the phone said yes, each once, whatever happens in whatever order', () => {
    let moments: Moment[] = [{ decision: given(), released: undefined, letIn: [] }];
    const seen = new Set<string>();
    let full = 0;
    for (let depth = 0; depth < 9; depth += 1)
      moments = moments.flatMap((moment) =>
        everyEvent.flatMap((event) => {
          const next = after(moment, event, decide(moment.decision, event, 1));
          const { version: _any, ...state } = next?.decision ?? { version: 0 };
          const key = JSON.stringify([state, next?.released, next && [...next.letIn].sort()]);
          if (!next || seen.has(key)) return [];
          seen.add(key);
          if (next.letIn.length === mostJoined + 1) full += 1;
          return [next];
        }),
      );
    assert.ok(full > 0 && seen.size > 200, `${seen.size} states, ${full} with all let in`);
  });

  for (const { title, decision, now = 1 } of [
    { title: 'a phone has said yes', decision: decide(given(), yes, 1).next },
    { title: 'a phone has said no', decision: decide(given(), no, 1).next },
    { title: 'a no does not settle it', decision: given({ challenges: [{ ...challenge, state: 'declined' }, challenge] }) },
    { title: 'the phone shows a code', decision: given({ challenges: [{ ...challenge, mode: 'code', state: 'code-shown' }] }) },
    {
      title: 'a wrong option was picked',
      decision: given({ challenges: [{ ...challenge, mode: 'presence', maxWrong: 2, wrongTries: 1 }] }),
    },
    { title: 'three have', decision: given({ repeats: { joined: 3, waiting: [0, 1, 2, 3] } }) },
    { title: 'its time is over', decision: given(), now: answerUntil },
    { title: 'it was withdrawn', decision: given({ state: 'withdrawn' }) },
    { title: 'it is quiet', decision: given({ rule: { declineSettles: true, consume: 'once', graceMs: 0, quiet: true } }) },
    { title: 'no policy lets them', decision: { ...given(), repeats: undefined } },
  ] as { title: string; decision: Decision; now?: number }[])
    it(`is joined by nobody when ${title}`, () => {
      assert.deepEqual(decide(decision, joins, now), { reply: 'refused' });
    });

  it('stays open for a client that has gone and comes again, and is over with the time of the last one that waits', () => {
    const gone = decide(given(), { kind: 'left', place: 0, because: 'gone' }, 1).next;
    assert.deepEqual([gone?.state, gone?.repeats?.waiting], ['open', []]);
    const again = decide(gone ?? given(), joins, 2).next;
    assert.deepEqual([again?.state, again?.repeats], ['open', { joined: 1, waiting: [1] }]);
    assert.equal(decide(again ?? given(), { kind: 'left', place: 1, because: 'time' }, 3).next?.state, 'withdrawn');
  });

  it('that nobody waits for is taken once, however many have joined', () => {
    const asked = given({ repeats: { joined: 0, waiting: [] } });
    const both = decide(asked, { kind: 'joined', waits: false }, 1).next ?? asked;
    const taken = decide(decide(both, yes, 2).next ?? both, { kind: 'consumed' }, 3);
    assert.equal(taken.reply, 'accepted');
    assert.deepEqual(decide(taken.next ?? both, { kind: 'consumed' }, 4), { reply: 'refused' });
  });
});
