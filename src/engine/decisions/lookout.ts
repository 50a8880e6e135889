import { GatewayFault } from '../../foundation/model/index.ts';
import { wireErrorOf } from '../../foundation/wire/index.ts';
import type { EngineParts } from '../parts.ts';

/** Something in the store that is looked at whenever it may have changed. */
export type Lookout = {
  /** Its name in the log. */
  what: string;
  /** Calls `ring` after each change, until the returned function is called. */
  listen: (ring: () => void) => () => void;
  /** One look. Returns when to look again if nothing changes (ms), or `over`. */
  look: (isOver: () => boolean) => Promise<number | undefined | 'over'>;
  /** Called when a look has failed for another reason than an outage of the store; no more follow. */
  failed: () => void;
};

const retryMs = 1000;

/** Whether the store could not be reached, also when it says so by an error other than a fault. */
export const isOutage = (error: unknown): boolean =>
  error instanceof GatewayFault ? error.code === 'store-unavailable' : wireErrorOf(error, undefined) !== undefined;

/**
 * Looks now and after each change, one look at a time; while the store is unavailable, every second. Returns how to stop.
 */
export function lookOut({ background }: Pick<EngineParts, 'background'>, { what, listen, look, failed }: Lookout): () => void {
  let isOver = false;
  let state: 'idle' | 'looking' | 'rung' = 'idle';
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    isOver = true;
    stopListening();
    clearTimeout(timer);
  };
  const lookOn = async (): Promise<void> => {
    let next: number | undefined | 'over' = retryMs;
    clearTimeout(timer);
    try {
      do {
        state = 'looking';
        next = await look(() => isOver);
      } while (hasRung() && next !== 'over' && !isOver);
    } catch (error) {
      if (!isOutage(error)) {
        stop();
        failed();
        throw error;
      }
    }
    state = 'idle';
    if (next === 'over') stop();
    else if (!isOver && next !== undefined) timer = setTimeout(ring, next);
  };
  const hasRung = (): boolean => state === 'rung';
  const ring = (): void => {
    if (state === 'idle') void background.run(what, lookOn);
    else state = 'rung';
  };
  // Listens before it looks, so that no change is missed.
  const stopListening = listen(ring);
  ring();
  return stop;
}
