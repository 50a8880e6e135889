import type { Clock, PublishedEvent } from '../../foundation/model/index.ts';
import { numberGapMs } from '../../store/exchange.ts';
import type { Store } from '../../store/store.ts';

/** Events of one auth server, in order. */
export type EventFeed = {
  /**
   * The next events, at most `limit`. `isHeld`: a number is missing that another gateway may still store; read again
   * within a second, even if `onPublished` does not call.
   */
  read(limit: number): Promise<{ events: PublishedEvent[]; isHeld: boolean }>;
};

/**
 * Reads the events of an auth server after a number. Passes over a missing number only when no gateway can store its
 * event any more, so that no event is left out.
 */
export function openEventFeed(
  { store, clock }: { store: Pick<Store, 'eventsAfter'>; clock: Clock },
  authServer: string,
  after: number,
): EventFeed {
  let last = after;
  let missed: { number: number; since: number } | undefined;
  const isOpen = (number: number): boolean => {
    if (missed?.number !== number) missed = { number, since: clock() };
    return clock() - missed.since < numberGapMs;
  };
  return {
    async read(limit) {
      const events: PublishedEvent[] = [];
      for (const event of await store.eventsAfter(authServer, last, limit)) {
        if (event.number !== last + 1 && isOpen(last + 1)) return { events, isHeld: true };
        events.push(event);
        last = event.number;
      }
      return { events, isHeld: false };
    },
  };
}
