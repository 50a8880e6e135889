import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { EngineParts } from '../../../src/engine/parts.ts';
import { gatherInBucket } from '../../../src/engine/tokens/token-owner.ts';
import { openLog, openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/index.ts';
import { withoutAudit } from '../../kit/audit.ts';
import { fakeClock } from '../../kit/clock.ts';
import { givenChallenge, givenPushToken, givenTransaction } from '../../kit/records.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

describe('Push tokens of one user', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('are in one bucket before a login asks them, and what is open for one that moves is withdrawn', async () => {
    // given push tokens that were stored under two names of one user, each with an open challenge
    const log = openLog('silent');
    const store = await openEmbeddedStore({ path: join(temporaryFolder(undo), 'pushgate.db'), log });
    undo.later(() => store.close());
    const parts = {
      store,
      log,
      clock: fakeClock(10),
      metrics: openMetrics('test'),
      tell: () => undefined,
      publisher: { isWanted: () => false },
      audit: withoutAudit(store),
    } as unknown as EngineParts;
    const tokens = [givenPushToken({ serial: 'NEW', bucket: 7 }), givenPushToken({ serial: 'OLD', bucket: 3 })];
    for (const token of tokens) {
      await store.addToken(token);
      await store.addTransaction(givenTransaction({ id: token.serial }, [givenChallenge({ serial: token.serial, handle: token.serial })]));
    }
    // when a login asks both
    await gatherInBucket(parts, tokens);
    // then
    const buckets = await Promise.all(tokens.map(async ({ serial }) => (await store.findToken(serial))?.bucket));
    const states = await Promise.all(tokens.map(async ({ serial }) => (await store.findTransaction(serial))?.decision.state));
    assert.deepEqual(
      [buckets, states],
      [
        [7, 7],
        ['open', 'withdrawn'],
      ],
    );
  });
});
