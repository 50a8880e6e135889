import type { GatewayEvent, Tell } from '../foundation/model/index.ts';
import { countEvents, type Log, logEvents, type Metrics } from '../foundation/telemetry/index.ts';
import type { StoreListeners } from './open-store.ts';

/** Tells events to the log and the metrics, and to whoever listens later. What one of them throws is logged and spoils nothing else. */
export function openTell(log: Log, metrics: Metrics): { tell: Tell; listen(listener: Tell): void } {
  const listeners = [logEvents(log), countEvents(metrics)];
  return {
    tell(event: GatewayEvent, kept) {
      for (const listener of listeners) {
        try {
          listener(event, kept);
        } catch (error) {
          log.error({ err: error, event: event.kind }, 'an event could not be told');
        }
      }
    },
    listen: (listener) => void listeners.push(listener),
  };
}

/** What only looks; anything else writes. */
const looks =
  /^(find|list|count(Of|Tokens|StockKeys|Audit)$|tokensOf|namesakes|openTransactionsOf|trailOf|audit(Chain|Writer)|personKeys|deadDevices|recordsOf)/;

/**
 * Tells when the store is lost and when it is back: by the operations that fail and those that succeed, once each time. A store that can be read and takes no
 * write is lost, so only a write shows that it is back where a write has failed.
 */
export function watchStore(tell: Tell): NonNullable<StoreListeners['onOperation']> {
  const failing = { look: false, write: false };
  return (operation, outcome) => {
    const wasLost = failing.look || failing.write;
    failing[looks.test(operation) ? 'look' : 'write'] = outcome === 'fault';
    const isLost = failing.look || failing.write;
    if (isLost !== wasLost) tell({ kind: isLost ? 'store-lost' : 'store-back' });
  };
}
