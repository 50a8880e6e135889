import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openBackground } from '../../../src/engine/background.ts';
import { sweepEffects } from '../../../src/engine/decisions/effects.ts';
import { addTransaction, publicationsOf, wantedPublications } from '../../../src/engine/decisions/publications.ts';
import { openOutbox, openPublisher } from '../../../src/engine/outbox/index.ts';
import type { EngineParts } from '../../../src/engine/parts.ts';
import { newKeyring, openKeyring } from '../../../src/foundation/keyring/index.ts';
import type { Challenge, Decision, Transaction } from '../../../src/foundation/model/index.ts';
import { openLog, openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/index.ts';
import { withoutAudit } from '../../kit/audit.ts';
import { fakeClock, seconds } from '../../kit/clock.ts';
import { givenChallenge, givenTransaction } from '../../kit/records.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

const id = '00100000000000000001';

describe('The published events of a decision', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** The events of a decision that changes the state to this, and the challenges to these. */
  const eventsOf = (state: Decision['state'], challenges: Partial<Challenge>[], over: Partial<Decision> = {}): string[] => {
    const of = (each: Partial<Challenge>, index: number) => givenChallenge({ serial: `S${index + 1}`, handle: `N${index + 1}`, ...each });
    const before = givenTransaction(
      {},
      challenges.map((_, index) => of({}, index)),
    );
    const quiet = { ...before, decision: { ...before.decision, ...over } };
    const next = { ...quiet.decision, state, version: 3, challenges: challenges.map(of) };
    return publicationsOf(quiet, next, 7).map((effect) => {
      assert.ok(effect.kind === 'event-published');
      const { id: shown, status, ...data } = effect.data;
      assert.deepEqual([shown, effect.at, effect.id], [id, 7, `${id}:${effect.position}`]);
      return [effect.position, effect.event, status, ...Object.values(data)].join(' ');
    });
  };
  const rule = givenTransaction().decision.rule;
  const isQuiet = { rule: { ...rule, quiet: true } };

  for (const [what, found, expected] of [
    ['an accept', eventsOf('accepted', [{ state: 'accepted' }, { state: 'closed' }]), ['300 challenge.accepted accepted S1']],
    ['a decline', eventsOf('declined', [{ state: 'declined' }]), ['300 challenge.declined declined S1 declined']],
    [
      'a cancelled login',
      eventsOf('declined', [{ state: 'declined', declineReason: 'cancelled' }]),
      ['300 challenge.declined cancelled S1 cancelled'],
    ],
    ['too many wrong picks', eventsOf('declined', [{ state: 'locked' }]), ['300 challenge.locked locked S1']],
    ['a shown code', eventsOf('open', [{ state: 'code-shown' }]), ['300 challenge.code_shown code-shown S1']],
    ['a withdrawal', eventsOf('withdrawn', [{ state: 'closed' }]), ['300 challenge.withdrawn withdrawn']],
    [
      'a right code, which finishes at once',
      eventsOf('consumed', [{ state: 'accepted' }]),
      ['300 challenge.accepted consumed S1', '301 challenge.consumed consumed'],
    ],
    ['a wrong pick that does not lock', eventsOf('open', [{ wrongTries: 1 }]), []],
    ['a decline of a quiet login', eventsOf('declined', [{ state: 'declined' }], isQuiet), []],
    ['a lock of a quiet login', eventsOf('declined', [{ state: 'locked' }], isQuiet), []],
    ['an accept of a quiet login', eventsOf('accepted', [{ state: 'accepted' }], isQuiet), ['300 challenge.accepted accepted S1']],
  ] as const)
    it(`are right for ${what}`, () => assert.deepEqual(found, expected));

  const given = async (wanted: { hooks?: string[]; isStreamed?: boolean } = {}) => {
    const log = openLog('silent');
    const store = await openEmbeddedStore({ path: join(temporaryFolder(undo), 'pushgate.db'), log });
    undo.later(() => store.close());
    const clock = fakeClock();
    const outbox = openOutbox(
      { store, clock, log, metrics: openMetrics('1'), tell: () => undefined, keyring: openKeyring(newKeyring(0)) },
      {},
    );
    const hooks = (wanted.hooks ?? []).map((authServer) => ({ name: authServer, authServer, events: undefined }));
    const publisher = openPublisher({ store, outbox, clock, hooks, isStreamed: wanted.isStreamed ?? false });
    const background = openBackground(log);
    const parts = { store, clock, log, outbox, publisher, background, audit: withoutAudit(store) } as unknown as EngineParts;
    return { store, clock, outbox, parts };
  };
  const login: Transaction = givenTransaction({ authServer: 'vpn' });

  it('are made for logins of auth servers that want them, and for nothing else', async () => {
    const { parts } = await given({ hooks: ['vpn'] });
    const next = { ...login.decision, state: 'withdrawn' as const, version: 1 };
    const count = (over: Partial<Transaction>) => wantedPublications(parts, { ...login, ...over }, next, 1).length;
    assert.deepEqual([count({}), count({ authServer: 'wiki' }), count({ kind: 'activation' }), count({ kind: 'relay' })], [1, 0, 0, 0]);
    const everywhere = await given({ isStreamed: true });
    assert.equal(wantedPublications(everywhere.parts, { ...login, authServer: 'wiki' }, next, 1).length, 1);
  });

  it('are stored with the login, so that a gateway that was killed loses none, and each is there once', async () => {
    const { store, clock, outbox, parts } = await given({ hooks: ['vpn'], isStreamed: true });
    // given a gateway that was killed after it stored a login
    const killed = { ...parts, background: { ...parts.background, run: async () => undefined } };
    assert.equal(await addTransaction(killed, login), 'added');
    assert.deepEqual(await outbox.list({}, 10), []);
    // when others look for what it left, twice
    for (const _ of [1, 2]) {
      clock.advance(seconds(10));
      await sweepEffects(parts);
    }
    // then
    assert.deepEqual(
      (await outbox.list({}, 10)).map(({ id: message }) => message),
      [`${id}:0@hook:vpn`, `${id}@expiry`],
    );
    const published = await store.eventsAfter('vpn', 0, 10);
    assert.deepEqual(
      published.map(({ number, kind, data }) => [number, kind, data]),
      [[1, 'challenge.created', { id, status: 'pending' }]],
    );
  });
});
