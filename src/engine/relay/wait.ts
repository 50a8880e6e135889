import type { Transaction } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';

/** Resolves when any gateway has changed this transaction since it was read, or at `until` (epoch ms). */
export async function waitForChange({ store, clock }: EngineParts, { id, decision }: Transaction, until: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let stop = (): void => undefined;
  await new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(1, until - clock()));
    // Listens before it looks, so that no change is missed. If the store does not answer, the caller looks again after
    // the wait.
    stop = store.onDecided(id, resolve);
    store.findTransaction(id).then(
      (now) => now?.decision.version !== decision.version && resolve(),
      () => undefined,
    );
  });
  clearTimeout(timer);
  stop();
}
