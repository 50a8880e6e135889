import assert from 'node:assert/strict';
import { check } from './checker.ts';
import type { Line, Reply, Request } from './history.ts';

const rules = { validityMs: 1000, graceMs: 5000, replyMs: 500, rolloutMs: 2000, skewMs: 0 };
const [owner, stranger] = ['owner', 'stranger'] as const;

/** A request that is sent at this moment, and its reply ten milliseconds later, or after `ms`; without a reply nobody saw its end. */
type Row = [at: number, sent: Request, reply?: Partial<Reply> | 'lost', ms?: number];
type Fault = { fault: string; from: number; until: number };

const begin: Row = [0, { kind: 'begin', user: 'alice' }, { said: 'CHALLENGE', transaction: 't' }];
const accept = (at: number, reply: Row[2] = { said: 'taken' }, signature: 'right' | 'wrong' = 'right'): Row => [
  at,
  { kind: 'answer', of: 't', says: 'accept', signature },
  reply,
];
const decline = (at: number, reply: Row[2] = { said: 'taken' }): Row => [
  at,
  { kind: 'answer', of: 't', says: 'decline', signature: 'right' },
  reply,
];
const finish = (at: number, said: string, by: 'owner' | 'stranger' = owner): Row => [at, { kind: 'finish', of: 't', by }, { said }];
const lostFinish = (at: number): Row => [at, { kind: 'finish', of: 't', by: owner }, 'lost'];
const poll = (at: number, said: string, by: 'owner' | 'stranger' = owner): Row => [at, { kind: 'poll', of: 't', by }, { said }];
const cancel = (at: number): Row => [at, { kind: 'cancel', of: 't' }, { said: 'cancelled' }];
const rollout = (at: number, said: string): Row => [at, { kind: 'rollout', serial: 'S' }, { said }];
const error = (status: number, outage = false): Partial<Reply> => ({ status, said: `${status}`, outage });
const broken: Fault = { fault: 'a gateway is killed', from: 0, until: 300 };

function historyOf(rows: readonly Row[], faults: readonly Fault[] = []): Line[] {
  const lines: Line[] = rows.flatMap(([at, sent, reply, ms = 10], number): Line[] => {
    const end: Line[] = reply === 'lost' ? [{ at: at + ms, number, lost: 'reset' }] : [];
    if (reply && reply !== 'lost') end.push({ at: at + ms, number, reply: { status: 200, said: '', ...reply } });
    return [{ at, number, sent }, ...end];
  });
  for (const { fault, from, until } of faults) lines.push({ at: from, fault, isOn: true }, { at: until, fault, isOn: false });
  return [{ at: 0, rules }, ...lines.sort((one, other) => one.at - other.at)];
}

describe('The checker of a history', () => {
  const good: Record<string, { rows: Row[]; faults?: Fault[] }> = {
    'a login': { rows: [begin, poll(20, 'pending'), accept(100), poll(200, 'accept'), finish(300, 'ACCEPT'), finish(400, 'REJECT')] },
    'a login that is declined': { rows: [begin, decline(100), poll(200, 'declined'), finish(300, 'REJECT')] },
    'finishes that race': { rows: [begin, accept(100), finish(200, 'REJECT'), finish(200, 'ACCEPT'), finish(201, 'REJECT')] },
    'an accept whose taker lost the reply': {
      rows: [begin, accept(100), lostFinish(200), finish(300, 'REJECT')],
      faults: [broken],
    },
    'an answer without a reply that counted': { rows: [begin, accept(100, 'lost'), finish(400, 'ACCEPT')], faults: [broken] },
    'an answer without a reply that did not count': { rows: [begin, accept(100, 'lost'), finish(400, 'REJECT')], faults: [broken] },
    'a finish within the grace': { rows: [begin, accept(900), finish(5800, 'ACCEPT')] },
    'an accept that nobody came for until it was too late': { rows: [begin, accept(900), finish(6000, 'REJECT')] },
    'an outage that is told as one': { rows: [begin, accept(100, error(503, true)), finish(400, 'REJECT')], faults: [broken] },
    'a login that was taken back': { rows: [begin, accept(100), cancel(200), finish(300, 'REJECT')] },
    'a request whose end nobody saw': { rows: [begin, [100, { kind: 'poll', of: 't', by: owner }]] },
    'a rollout that comes again too late': { rows: [rollout(0, 'key'), rollout(2000, '404')] },
    'a rollout again': { rows: [rollout(0, 'key'), rollout(100, 'key')] },
  };
  for (const [title, { rows, faults }] of Object.entries(good))
    it(`lets pass ${title}`, () => assert.deepEqual(check(historyOf(rows, faults)), []));

  const bad: [title: string, rows: Row[], what: RegExp, faults?: Fault[]][] = [
    ['two ACCEPTs', [begin, accept(100), finish(200, 'ACCEPT'), finish(300, 'ACCEPT')], /2 times ACCEPT/],
    ['an ACCEPT that nobody accepted', [begin, finish(200, 'ACCEPT')], /ACCEPT without an accept/],
    ['an ACCEPT before the phone was asked', [begin, finish(50, 'ACCEPT'), accept(100)], /ACCEPT without an accept/],
    [
      'an ACCEPT by a wrong signature',
      [begin, accept(100, { said: 'refused' }, 'wrong'), finish(200, 'ACCEPT')],
      /ACCEPT without an accept/,
    ],
    ['an ACCEPT by a late answer', [begin, accept(1100, { said: 'refused' }), finish(1200, 'ACCEPT')], /ACCEPT without an accept/],
    ['an ACCEPT after the grace', [begin, accept(100), finish(5200, 'ACCEPT')], /ACCEPT after its time/],
    ['an ACCEPT after a decline', [begin, accept(50, 'lost'), decline(100), finish(200, 'ACCEPT')], /that was declined/, [broken]],
    ['an ACCEPT for a stranger', [begin, accept(100), finish(200, 'ACCEPT', stranger)], /for a stranger/],
    ['an ACCEPT of what was taken back', [begin, accept(100), cancel(200), finish(300, 'ACCEPT')], /taken back/],
    ['a stranger who hears a verdict', [begin, accept(100), poll(150, 'accept', stranger), finish(200, 'ACCEPT')], /a stranger hears/],
    ['an accept that is gone', [begin, accept(100), finish(200, 'REJECT')], /an acknowledged accept is gone/],
    [
      'an accept that is gone, whatever a stranger lost',
      [begin, accept(100), [150, { kind: 'finish', of: 't', by: stranger }, 'lost'], finish(200, 'REJECT')],
      /is gone/,
      [broken],
    ],
    ['an accept that nobody asked for', [begin, accept(100)], /never asked for/],
    ['a late answer that is taken', [begin, accept(1100), finish(1200, 'REJECT')], /taken after its time/],
    [
      'a wrong signature that is taken',
      [begin, accept(100, { said: 'taken' }, 'wrong'), finish(200, 'REJECT')],
      /wrong signature was taken/,
    ],
    ['a phone that changes its mind', [begin, accept(100), decline(200), finish(300, 'REJECT')], /changed its mind/],
    ['a poll that knows before the phone', [begin, poll(50, 'accept'), accept(100), finish(200, 'ACCEPT')], /before any phone/],
    [
      'polls that change their mind',
      [begin, accept(50, 'lost'), decline(50, 'lost'), poll(100, 'accept'), poll(200, 'declined')],
      /polls say/,
      [broken],
    ],
    ['a key that is another one later', [rollout(0, 'key'), rollout(100, 'other')], /another one now/],
    ['a rollout that is gone', [rollout(0, 'key'), [100, { kind: 'rollout', serial: 'S' }, error(400)]], /another one now/],
    ['an error of another kind', [begin, accept(100, error(500)), finish(400, 'REJECT')], /got 500/, [broken]],
    ['a 503 that says nothing', [begin, accept(100, error(503)), finish(400, 'REJECT')], /says nothing/, [broken]],
    ['a 503 where nothing is broken', [begin, accept(400, error(503, true)), finish(500, 'REJECT')], /503 though nothing/, [broken]],
    ['no reply where nothing is broken', [begin, accept(400, 'lost'), finish(500, 'REJECT')], /no reply though nothing/, [broken]],
    ['a reply that is late', [[0, { kind: 'begin', user: 'alice' }, { said: 'CHALLENGE' }, 600]], /after 600 ms/],
    ['no rules', [], /no rules/],
  ];
  for (const [title, rows, what, faults] of bad)
    it(`refuses ${title}`, () => {
      const history = historyOf(rows, faults);
      assert.match(check(title === 'no rules' ? history.slice(1) : history).join('\n'), what);
    });
});
