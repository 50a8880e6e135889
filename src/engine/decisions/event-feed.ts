import type { Clock, PublishedEvent } from '../../foundation/model/index.ts';
import { numberGapMs } from '../../store/exchange.ts';
import type { EngineParts } from '../parts.ts';
import { lookOut } from './lookout.ts';

/** A reader of all events of an auth server. It holds names only, because many may read at once. */
export type EventReader = {
  authServer: string;
  /** The number of the last event that the reader has; without it, events from now on. */
  known: number | undefined;
  /**
   * Tells where the reader stands: `ready` at its start without a known number, `reset` when events after its number are
   * gone. The events after this number follow.
   */
  begin: (at: { kind: 'ready' | 'reset'; number: number }) => void;
  /** Gets the next events in order; resolves when it takes more. */
  tell: (events: readonly PublishedEvent[]) => Promise<void>;
  /** Called after a defect; nothing more comes. */
  failed: () => void;
};

const batch = 50;
const gapRetryMs = 1000;

/** Tells the events of an auth server, also those of other gateways. Returns how to stop. */
export function readEvents(
  parts: Pick<EngineParts, 'store' | 'background' | 'clock'>,
  { authServer, known, begin, tell, failed }: EventReader,
): () => void {
  const { store } = parts;
  let last: number | undefined;
  const skipsGap = openGap(parts.clock);
  const start = async (): Promise<number> => {
    const from = await startOf(parts, authServer, known);
    if (from.kind !== 'resumed') begin({ kind: from.kind, number: from.number });
    return from.number;
  };
  return lookOut(parts, {
    what: 'read published events',
    listen: (ring) => store.onPublished(authServer, ring),
    failed,
    async look(isOver) {
      last ??= await start();
      for (;;) {
        const found = await store.eventsAfter(authServer, last, batch);
        const next = inOrder(found, last, skipsGap);
        if (isOver()) return 'over';
        last = next.at(-1)?.number ?? last;
        if (next.length > 0) await tell(next);
        if (next.length < found.length) return gapRetryMs;
        if (found.length < batch) return undefined;
      }
    },
  });
}

type Start = { kind: 'ready' | 'reset' | 'resumed'; number: number };

async function startOf({ store }: Pick<EngineParts, 'store'>, authServer: string, known: number | undefined): Promise<Start> {
  const last = await store.lastEventNumber(authServer);
  if (known === undefined) return { kind: 'ready', number: last };
  if (known > last) return { kind: 'reset', number: last };
  const [oldest] = await store.eventsAfter(authServer, 0, 1);
  // The oldest events go first: if this one or an earlier one is there, none after it is gone.
  if (known === last || (oldest && oldest.number <= known + 1)) return { kind: 'resumed', number: known };
  return { kind: 'reset', number: oldest ? oldest.number - 1 : last };
}

/** The events up to the first missing number that may still arrive. */
function inOrder(events: readonly PublishedEvent[], after: number, skips: (missing: number) => boolean): PublishedEvent[] {
  let expected = after + 1;
  const next: PublishedEvent[] = [];
  for (const event of events) {
    if (event.number !== expected && !skips(expected)) break;
    next.push(event);
    expected = event.number + 1;
  }
  return next;
}

/** Whether a number has been missing for so long that it stays unused. */
function openGap(clock: Clock): (missing: number) => boolean {
  let gap: { number: number; since: number } | undefined;
  return (missing) => {
    const now = clock();
    if (gap?.number !== missing) gap = { number: missing, since: now };
    return now - gap.since >= numberGapMs;
  };
}
