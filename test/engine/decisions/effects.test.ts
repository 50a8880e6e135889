import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openBackground } from '../../../src/engine/background.ts';
import { carryOut, effectsOf, sweepEffects } from '../../../src/engine/decisions/effects.ts';
import { statusOf } from '../../../src/engine/decisions/status.ts';
import { openSourceLimits } from '../../../src/engine/limits/index.ts';
import type { EngineParts } from '../../../src/engine/parts.ts';
import { phoneKeyOf } from '../../../src/engine/records/phone-key.ts';
import { openLog, openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/index.ts';
import { withoutAudit } from '../../kit/audit.ts';
import { fakeClock, seconds } from '../../kit/clock.ts';
import { givenChallenge, givenPushToken, givenTransaction } from '../../kit/records.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

describe('What a decision causes elsewhere', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenStore = async () => {
    const store = await openEmbeddedStore({ path: join(temporaryFolder(undo), 'pushgate.db'), log: openLog('silent') });
    undo.later(() => store.close());
    return store;
  };

  it('is named by the decision, once per login that is handed out', () => {
    const accepted = {
      ...givenTransaction().decision,
      state: 'accepted' as const,
      version: 1,
      challenges: [givenChallenge({ state: 'accepted' })],
    };
    const before = givenTransaction({ decision: accepted });
    const consumed = { ...accepted, state: 'consumed' as const, version: 2 };
    assert.deepEqual(effectsOf(before, consumed, 7), [
      { id: '00100000000000000001:2:PIPU00010001', kind: 'login-succeeded', serial: 'PIPU00010001', at: 7 },
    ]);
    assert.deepEqual(effectsOf(givenTransaction(), accepted, 7), [], 'an accept alone hands nothing out');
    const polled = { ...accepted, rule: { ...accepted.rule, consume: 'never' as const } };
    assert.equal(effectsOf(givenTransaction(), polled, 7).length, 1);
    assert.deepEqual(effectsOf({ ...before, decision: polled }, { ...polled, version: 2 }, 8), []);
  });

  it('activates the push token whose phone accepted, and only while it is the phone that was asked', async () => {
    const store = await givenStore();
    const clock = fakeClock();
    const challenge = givenChallenge({ state: 'accepted', phoneKey: phoneKeyOf(givenPushToken()) });
    const next = { ...givenTransaction().decision, state: 'accepted' as const, version: 1, challenges: [challenge] };
    const before = givenTransaction({ kind: 'activation' });
    const effects = effectsOf(before, next, 7);
    const { serial, phoneKey } = challenge;
    assert.deepEqual(effects, [{ id: `${before.id}:1:${serial}`, kind: 'token-activated', serial, at: 7, phoneKey }]);
    assert.deepEqual(effectsOf(before, { ...next, state: 'declined' }, 7), [], 'a denial activates nothing');
    assert.deepEqual(effectsOf({ ...before, decision: next }, { ...next, state: 'consumed', version: 2 }, 7), [], 'nor does it log in');
    await store.addToken(givenPushToken({ rollout: 'activating', enabled: false, failCount: 2 }));
    await store.addToken(givenPushToken({ serial: 'OTHER', rollout: 'activating', enabled: false, phonePublicKey: 'another' }));
    await store.addToken(givenPushToken({ serial: 'AGAIN', rollout: 'paired', enabled: false }));
    const each = effects.flatMap((effect) => [serial, 'OTHER', 'AGAIN'].map((of) => ({ ...effect, serial: of })));
    const parts = { store, clock, audit: withoutAudit(store) } as unknown as EngineParts;
    await carryOut(parts, before.id, [...each, ...each]);
    const states = await Promise.all([serial, 'OTHER', 'AGAIN'].map((of) => store.findToken(of)));
    assert.deepEqual(
      states.map((token) => [token?.rollout, token?.enabled, token?.failCount]),
      [
        ['enrolled', true, 0],
        ['activating', false, 0],
        ['paired', false, 0],
      ],
    );
  });

  it('is carried out by the next one that sweeps, when the one that decided is gone', async () => {
    // given a gateway that died between a decision and its effects
    const store = await givenStore();
    const clock = fakeClock();
    await store.addToken(givenPushToken({ failCount: 4 }));
    await store.addTransaction(givenTransaction());
    const next = {
      ...givenTransaction().decision,
      state: 'consumed' as const,
      version: 1,
      challenges: [givenChallenge({ state: 'accepted' })],
    };
    await store.decide(givenTransaction().id, 0, next, effectsOf(givenTransaction(), next, clock()), clock() + seconds(10));
    const parts = { store, clock, audit: withoutAudit(store) } as unknown as EngineParts;
    // when others sweep, before and after its time is up
    assert.equal(await sweepEffects(parts), 0);
    clock.advance(seconds(10));
    assert.equal(await sweepEffects(parts), 1);
    assert.equal(await sweepEffects(parts), 0);
    // then it happened once
    const token = await store.findToken('PIPU00010001');
    assert.deepEqual([token?.failCount, token?.loginCount], [0, 1]);
  });

  it('does not fail silently', async () => {
    const logged: string[] = [];
    const background = openBackground(openLog('error', { write: (line: string) => void logged.push(line) }));
    let isDone = false;
    background.run('something', async () => Promise.reject(new Error('no disk')));
    background.run('else', async () => {
      await Promise.resolve();
      isDone = true;
    });
    await background.settled();
    assert.ok(isDone);
    assert.match(logged.join(), /something.*|no disk/);
    assert.equal(logged.length, 1);
  });
});

describe('The limit of a source', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('turns one address away for one kind of failure until its window ends, on every gateway that hears of it', async () => {
    const store = await openEmbeddedStore({ path: join(temporaryFolder(undo), 'pushgate.db'), log: openLog('silent') });
    undo.later(() => store.close());
    const clock = fakeClock();
    const open = () =>
      openSourceLimits({
        store,
        clock,
        metrics: openMetrics('test'),
        tell: () => undefined,
        settings: { failures: 3, windowMs: seconds(60) },
      });
    const [one, two] = [open(), open()];
    await one.failed('answer', '192.0.2.1');
    await two.failed('answer', '192.0.2.1');
    assert.equal(one.isBlocked('answer', '192.0.2.1'), false);
    await one.failed('answer', '192.0.2.1');
    assert.deepEqual(
      [one.isBlocked('answer', '192.0.2.1'), one.isBlocked('poll', '192.0.2.1'), one.isBlocked('answer', '192.0.2.2')],
      [true, false, false],
    );
    await two.failed('answer', '192.0.2.1');
    assert.equal(two.isBlocked('answer', '192.0.2.1'), true);
    clock.advance(20_500);
    assert.throws(() => one.assertNotBlocked('answer', '192.0.2.1'), { name: 'TurnedAway', retryAfterSeconds: 40 });
    one.assertNotBlocked('poll', '192.0.2.1');
    clock.advance(seconds(60));
    assert.deepEqual([one.isBlocked('answer', '192.0.2.1'), two.isBlocked('answer', '192.0.2.1')], [false, false]);
  });
});

describe('The status of a transaction', () => {
  const decision = givenTransaction().decision;
  const challenge = (over: object) => givenChallenge(over);

  it('reads as the table of the design has it', () => {
    const at = 1;
    const rows: [string, Partial<typeof decision>, number][] = [
      ['pending', {}, at],
      ['expired', {}, 1000],
      ['code-shown', { challenges: [challenge({ state: 'code-shown' })] }, at],
      ['code-shown', { challenges: [challenge({ state: 'code-shown' })] }, 1500],
      ['expired', { challenges: [challenge({ state: 'code-shown' })] }, 2000],
      ['declined', { challenges: [challenge({ state: 'declined', declineReason: 'declined' }), challenge({ serial: 'B' })] }, at],
      ['accepted', { state: 'accepted', challenges: [challenge({ state: 'accepted' })] }, 1500],
      ['expired', { state: 'accepted', challenges: [challenge({ state: 'accepted' })] }, 2000],
      ['cancelled', { state: 'declined', challenges: [challenge({ state: 'declined', declineReason: 'cancelled' })] }, at],
      [
        'declined',
        { state: 'declined', challenges: [challenge({ state: 'declined', declineReason: 'cancelled' }), challenge({ state: 'declined' })] },
        at,
      ],
      ['locked', { state: 'declined', challenges: [challenge({ state: 'locked' })] }, at],
      ['withdrawn', { state: 'withdrawn' }, at],
      ['consumed', { state: 'consumed' }, 5000],
    ];
    for (const [status, over, now] of rows)
      assert.equal(statusOf({ createdAt: 0, decision: { ...decision, ...over } }, now), status, JSON.stringify(over));
  });
});
