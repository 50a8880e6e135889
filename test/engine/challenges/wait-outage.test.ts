import assert from 'node:assert/strict';
import { waitForAnswer } from '../../../src/engine/challenges/wait.ts';
import type { EngineParts } from '../../../src/engine/parts.ts';
import { GatewayFault } from '../../../src/foundation/model/index.ts';
import { openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { withoutAudit } from '../../kit/audit.ts';
import { defects, outages } from '../../kit/outages.ts';
import { givenTransaction } from '../../kit/records.ts';

describe('A login that waits while its store has an outage', () => {
  /** Waits at a store that fails with this error at the first look, and then knows of a decline. */
  const wait = (error: unknown) => {
    let looks = 0;
    const declined = givenTransaction({ decision: { ...givenTransaction().decision, state: 'declined' } });
    const store = {
      onDecided: () => () => undefined,
      findToken: async () => undefined,
      findTransaction: async () => {
        looks += 1;
        if (looks === 1) throw error;
        return declined;
      },
    };
    const parts = {
      store,
      clock: () => declined.createdAt,
      metrics: openMetrics('test'),
      tell: () => undefined,
      audit: withoutAudit(),
    } as unknown as EngineParts;
    return waitForAnswer(parts, { id: declined.id, serials: [], usable: [], waitMs: 60_000, givenUp: () => () => undefined });
  };

  it('goes on and hears the answer afterwards, whatever error told of the outage', async () => {
    const errors = [new GatewayFault('store-unavailable', 'gone'), ...outages.map(({ error }) => error)];
    const ends = await Promise.all(errors.map(wait));
    assert.deepEqual(new Set(ends.map(({ kind }) => kind)), new Set(['declined']));
  });

  it('ends with a defect at once', async () => {
    const errors = [new GatewayFault('config-invalid', 'wrong'), ...defects.map(({ error }) => error)];
    for (const error of errors) await assert.rejects(wait(error), (thrown) => thrown === error);
  });
});
