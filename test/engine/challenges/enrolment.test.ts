import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openBackground } from '../../../src/engine/background.ts';
import { skipEnrolment, takeBackOffers } from '../../../src/engine/challenges/enrolment.ts';
import { findOwn, finish } from '../../../src/engine/challenges/finish.ts';
import type { EngineParts } from '../../../src/engine/parts.ts';
import { openRealms } from '../../../src/engine/users/index.ts';
import type { PushToken } from '../../../src/foundation/model/index.ts';
import { openLog, openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/index.ts';
import { withoutAudit } from '../../kit/audit.ts';
import { fakeClock } from '../../kit/clock.ts';
import { givenChallenge, givenPushToken, givenTransaction, keysOf } from '../../kit/records.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

const offer: Partial<PushToken> = {
  rollout: 'offered',
  enabled: false,
  inLogin: true,
  rolloutCredential: { digest: 'of the QR code', expiresAt: 1000 },
};
const bound: Partial<PushToken> = {
  rolloutCredential: { digest: 'of the QR code', expiresAt: 1000, finished: { digest: 'of the rollout', at: 5 } },
};

describe('An enrolment during a login', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A push token as it is stored, and the open enrolment that its QR code was shown for. */
  const given = async (token: Partial<PushToken>, skippable = false) => {
    const log = openLog('silent');
    const store = await openEmbeddedStore({ path: join(temporaryFolder(undo), 'pushgate.db'), log });
    undo.later(() => store.close());
    const challenge = givenChallenge({ phoneKey: 'of the QR code', payload: '' });
    const transaction = givenTransaction({ kind: 'enrolment', skippable }, [challenge]);
    await store.addToken(givenPushToken(token));
    await store.addTransaction(transaction);
    const parts = {
      store,
      log,
      clock: fakeClock(10),
      metrics: openMetrics('test'),
      tell: () => undefined,
      audit: withoutAudit(store),
      background: openBackground(log),
      realms: openRealms([]),
    };
    return { parts: parts as unknown as EngineParts, store, transaction };
  };

  it('is answered by who asks next, where a gateway was killed between the rollout and its answer', async () => {
    // given a phone that was told that it is enrolled, and a transaction that nobody told
    const { parts, store, transaction } = await given(bound);
    // when the auth server asks
    const found = await findOwn(parts, transaction.dialect, 'vpn', transaction.id);
    // then it is accepted, and finished once
    assert.equal(found?.decision.state, 'accepted');
    const request = { transaction: found, user: { user: 'alice', realm: 'corp' }, usable: await store.tokensOf(keysOf('alice')) };
    const [first, second] = await Promise.all([finish(parts, request), finish(parts, request)]);
    assert.deepEqual([first.kind, second.kind].sort(), ['accepted', 'unknown']);
  });

  it('is answered once, however many ask at the same time', async () => {
    const { parts, transaction } = await given(bound);
    const found = await Promise.all(Array.from({ length: 6 }, () => findOwn(parts, transaction.dialect, 'vpn', transaction.id)));
    assert.deepEqual(
      found.map((each) => [each?.decision.state, each?.decision.version]),
      found.map(() => ['accepted', 1]),
    );
  });

  it('is not answered by a later phone under the same serial', async () => {
    const { parts, transaction } = await given({ rolloutCredential: { digest: 'of another QR code', expiresAt: 1000 } });
    assert.equal((await findOwn(parts, transaction.dialect, 'vpn', transaction.id))?.decision.state, 'open');
  });

  it('is not finished with a push token that is of no use any more', async () => {
    const { parts, transaction } = await given(bound);
    const found = await findOwn(parts, transaction.dialect, 'vpn', transaction.id);
    assert.equal((await finish(parts, { transaction: found, user: { user: 'alice', realm: 'corp' }, usable: [] })).kind, 'unknown');
  });

  it('can be skipped after a gateway was killed half-way through that', async () => {
    // given an offer that was closed, and a transaction that still is open
    const { parts, store, transaction } = await given({ ...offer, rolloutCredential: { digest: 'of the QR code', expiresAt: 0 } }, true);
    // when the client asks again
    assert.deepEqual([await skipEnrolment(parts, transaction), await skipEnrolment(parts, transaction)], [true, false]);
    // then nothing is left
    assert.deepEqual(await store.tokensOf(keysOf('alice')), []);
  });

  it('is not taken back where a phone took it', async () => {
    const { parts, store, transaction } = await given(bound, true);
    assert.equal(await skipEnrolment(parts, transaction), false);
    assert.equal(await takeBackOffers(parts, [givenPushToken(offer)]), false);
    assert.equal((await store.tokensOf(keysOf('alice'))).length, 1);
    assert.equal((await findOwn(parts, transaction.dialect, 'vpn', transaction.id))?.decision.state, 'accepted');
  });

  it('is taken back with its transaction where none did', async () => {
    const { parts, store, transaction } = await given(offer);
    assert.equal(await takeBackOffers(parts, await store.tokensOf(keysOf('alice'))), true);
    assert.deepEqual(await store.tokensOf(keysOf('alice')), []);
    assert.equal((await store.findTransaction(transaction.id))?.decision.state, 'withdrawn');
  });
});
