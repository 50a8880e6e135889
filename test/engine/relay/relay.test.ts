import assert from 'node:assert/strict';
import { addressesOf, carriedAddress } from '../../../src/engine/relay/addresses.ts';
import { claim } from '../../../src/engine/relay/claim.ts';
import type { RelayProgress } from '../../../src/foundation/model/index.ts';
import { minutes } from '../../kit/clock.ts';
import { givenDevice, givenTransaction } from '../../kit/records.ts';

describe('A relayed challenge that comes again', () => {
  const decisionWith = (relay?: RelayProgress) => ({
    ...givenTransaction().decision,
    answerUntil: 1000,
    version: 3,
    ...(relay ? { relay } : {}),
  });
  const at = (relay: RelayProgress | undefined, now: number, hasWaited = false) =>
    claim({ createdAt: 1, decision: decisionWith(relay) }, { now, hasWaited, leaseMs: 50 });

  it('waits while another gateway is at it, up to the end of its claim, and not at that moment', () => {
    assert.deepEqual(at({ kind: 'claimed', until: 100 }, 99), { kind: 'wait', until: 100 });
    const taken = at({ kind: 'claimed', until: 100 }, 100);
    assert.deepEqual(taken, { kind: 'take', next: { ...decisionWith({ kind: 'claimed', until: 150 }), version: 4 } });
  });

  it('is never delivered again when somebody has it, or it was found to be for a dead address', () => {
    for (const kind of ['sent', 'queued', 'dead-address'] as const)
      for (const hasWaited of [true, false]) assert.deepEqual(at({ kind }, 500, hasWaited), { kind: 'reply', progress: { kind } });
  });

  it('that failed is told so to those who waited for it, and tried again for who comes later, while it can be answered', () => {
    const failed: RelayProgress = { kind: 'failed', isDown: true, reason: '' };
    assert.equal(at(failed, 999, true).kind, 'reply');
    assert.equal(at(failed, 999).kind, 'take');
    assert.equal(at(failed, 1000).kind, 'reply');
  });

  it('from the future, by a slow clock, is taken over by nobody', () => {
    for (const relay of [undefined, { kind: 'claimed', until: 100 }, { kind: 'failed', isDown: true, reason: '' }] as const) {
      const told = at(relay, 0 - minutes(2));
      assert.equal(told.kind === 'reply' && told.progress.kind, 'failed', relay?.kind);
    }
    assert.equal(at({ kind: 'sent' }, 0 - minutes(2)).kind, 'reply');
    assert.equal(at(undefined, 1 - minutes(2)).kind, 'take');
  });
});

describe('A gda', () => {
  const hex = 'AB'.repeat(32);
  const cases: [string, ReturnType<typeof carriedAddress>][] = [
    ['fcm:a:b', { kind: 'fcm', value: 'a:b' }],
    ['fcm.EXAMPLE', { kind: 'fcm', value: 'EXAMPLE' }],
    [`apn.${hex}`, { kind: 'apns', value: hex.toLowerCase() }],
    [`apns:${hex}`, { kind: 'apns', value: hex.toLowerCase() }],
    ['apns:xyz', undefined],
    ['fcm:', undefined],
    ['DEADBEEF', undefined],
  ];
  for (const [gda, expected] of cases) {
    it(`${gda.slice(0, 12)} carries ${expected ? `an address for ${expected.kind}` : 'no address'}`, () =>
      assert.deepEqual(carriedAddress(gda), expected));
  }

  it('is reached by what was registered first, and what is known to be dead there stays dead', () => {
    const dead = { kind: 'fcm' as const, value: 'x', since: 5, deadSince: 9 };
    assert.deepEqual(addressesOf('fcm:x', givenDevice({ gda: 'fcm:x', addresses: [dead] })), [
      dead,
      { kind: 'gda', value: 'fcm:x', since: 0 },
    ]);
  });
});
