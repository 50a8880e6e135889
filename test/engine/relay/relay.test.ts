import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { openBackground } from '../../../src/engine/background.ts';
import { addressesOf, carriedAddress } from '../../../src/engine/relay/addresses.ts';
import { claim } from '../../../src/engine/relay/claim.ts';
import { leaseMs, withClaim } from '../../../src/engine/relay/held-claim.ts';
import type { RelayProgress, TrailEntry } from '../../../src/foundation/model/index.ts';
import { openLog } from '../../../src/foundation/telemetry/index.ts';
import type { Store } from '../../../src/store/store.ts';
import { fakeClock, minutes, seconds } from '../../kit/clock.ts';
import { givenDevice, givenTransaction } from '../../kit/records.ts';
import { cleanup } from '../../kit/temporary.ts';

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

describe('The claim on a relayed challenge', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A claim of this moment in a store that takes what has the right version; `stored` is what stands there. */
  const given = () => {
    mock.timers.enable({ apis: ['setInterval'] });
    undo.later(() => mock.timers.reset());
    const clock = fakeClock();
    const claimed = { kind: 'claimed', until: clock() + leaseMs } as const;
    const stored = { version: 0, relay: claimed as RelayProgress };
    const decided: TrailEntry[] = [];
    const decide = async (...[_id, version, next, , , entries = []]: Parameters<Store['decide']>) => {
      if (version !== stored.version) return 'conflict' as const;
      decided.push(...entries);
      Object.assign(stored, { version: next.version, relay: next.relay });
      return 'decided' as const;
    };
    const log = openLog('silent');
    const appended: TrailEntry[] = [];
    const appendTrail = async (_id: string, entries: readonly TrailEntry[]) => void appended.push(...entries);
    const parts = { store: { decide, appendTrail }, clock, background: openBackground(log), log };
    const transaction = givenTransaction({ decision: { ...givenTransaction().decision, version: 0, relay: claimed } });
    const trail = [{ at: 1, serial: 'S', provider: 'p', outcome: 'sent', reason: '', ms: 1 } as const];
    const deliver = (work: (isHeld: () => boolean) => Promise<{ kind: 'sent' }>) =>
      withClaim(parts, transaction, async (isHeld) => ({ progress: await work(isHeld), trail }));
    const tick = async (ms: number) => {
      clock.advance(ms);
      mock.timers.tick(ms);
      await parts.background.settled();
    };
    return { clock, stored, deliver, tick, parts, decided, appended };
  };
  const sent = { kind: 'sent' } as const;

  it('is renewed every second while the delivery lasts, and settled then', async () => {
    const { clock, stored, deliver, tick } = given();
    const delivered = await deliver(async () => {
      for (let second = 1; second <= 5; second += 1) {
        await tick(seconds(1));
        assert.deepEqual(stored, { version: second, relay: { kind: 'claimed', until: clock() + seconds(3) } });
      }
      return sent;
    });
    assert.deepEqual([delivered, stored], [sent, { version: 6, relay: sent }]);
    await tick(seconds(10));
    assert.equal(stored.version, 6);
  });

  it('is looked at again by a gateway that comes back late: it sends nothing that another has taken over', async () => {
    const { clock, stored, deliver } = given();
    clock.advance(seconds(3));
    stored.version = 1;
    assert.equal(await deliver(() => assert.fail('this push goes out twice')), undefined);
    // and where nobody has, it renews the claim and goes on
    stored.version = 0;
    assert.deepEqual(await deliver(async () => sent), sent);
    assert.deepEqual(stored, { version: 2, relay: sent });
  });

  it('is held while it is renewed, and no more once the gateway stood still for three seconds', async () => {
    const { clock, deliver, tick } = given();
    await deliver(async (isHeld) => {
      await tick(seconds(1));
      clock.advance(seconds(3) - 1);
      assert.equal(isHeld(), true);
      clock.advance(1);
      assert.equal(isHeld(), false);
      return sent;
    });
  });

  it('overwrites nothing of the gateway that has taken over meanwhile', async () => {
    const { stored, deliver, parts, decided, appended } = given();
    await deliver(async () => {
      stored.version = 1;
      return sent;
    });
    assert.deepEqual([stored.version, stored.relay.kind], [1, 'claimed']);
    // and what it has sent is told all the same
    await parts.background.settled();
    assert.deepEqual([decided.length, appended.length], [0, 1]);
  });

  it('is settled in one write with the trail', async () => {
    const { stored, deliver, parts, decided, appended } = given();
    await deliver(async () => sent);
    await parts.background.settled();
    assert.deepEqual([stored.version, decided.length, appended.length], [1, 1, 0]);
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
