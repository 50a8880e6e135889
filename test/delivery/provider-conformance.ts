import assert from 'node:assert/strict';
import type { OpenProvider, Push } from '../../src/delivery/provider-kit/index.ts';

/** A push that any provider can be given. */
export const givenPush = (over: Partial<Push> = {}): Push => ({
  transactionId: '1',
  handle: 'N',
  phone: 'pipush',
  payload: '{}',
  expiresAt: 1000,
  ...over,
});

/** What every provider must do, whatever its far side does. */
export function providerConformance(name: string, open: () => Promise<OpenProvider> | OpenProvider): void {
  describe(`${name} as a provider`, () => {
    it('ends every delivery with one of the known outcomes, also when it is given up', async () => {
      const provider = await open();
      for (const signal of [AbortSignal.timeout(1000), AbortSignal.abort()]) {
        const { kind } = await provider.deliver(givenPush(), signal);
        assert.ok(['sent', 'rejected', 'unavailable'].includes(kind));
      }
      await provider.close();
    });

    it('may be closed twice', async () => {
      const provider = await open();
      await provider.close();
      await provider.close();
    });
  });
}
