import type { Transaction } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';

/** Resolves when this transaction has changed since it was read, whichever gateway changed it, or when the moment `until` has come. */
export async function decidedOrLate({ store, clock }: EngineParts, { id, decision }: Transaction, until: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let stop = (): void => undefined;
  await new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(1, until - clock()));
    // Listens first and looks then, so that no change falls between. A store that cannot be asked is asked again at the end of the wait.
    stop = store.onDecided(id, resolve);
    store.findTransaction(id).then(
      (now) => now?.decision.version !== decision.version && resolve(),
      () => undefined,
    );
  });
  clearTimeout(timer);
  stop();
}
