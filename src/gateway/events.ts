import type { GatewayEvent, Tell } from '../foundation/model/index.ts';
import { countEvents, type Log, logEvents, type Metrics } from '../foundation/telemetry/index.ts';
import type { StoreListeners } from './open-store.ts';

/**
 * Sends events to the log, the metrics and later listeners. An exception of one listener is logged and does not affect
 * the others.
 */
export function openEventBus(log: Log, metrics: Metrics): { tell: Tell; listen(listener: Tell): void } {
  const listeners = [logEvents(log), countEvents(metrics)];
  return {
    tell(event: GatewayEvent, kept) {
      for (const listener of listeners) {
        try {
          listener(event, kept);
        } catch (error) {
          log.error({ err: error, event: event.kind }, 'a listener for events failed');
        }
      }
    },
    listen: (listener) => void listeners.push(listener),
  };
}

/** Operations that only read; all others write. */
const readOperations =
  /^(find|list|count(Of|Tokens|StockKeys|Audit)$|tokensOf|namesakes|openTransactionsOf|trailOf|audit(Chain|Writer)|personKeys|deadDevices|recordsOf|eventsAfter|lastEventNumber|tallyMessages)/;

/**
 * Reports the loss and the return of the store, once each, from the outcome of its operations. A store that can be read
 * but not written counts as lost, so after a failed write only a successful write shows that it is back.
 */
export function watchStore(tell: Tell): NonNullable<StoreListeners['onOperation']> {
  const failing = { read: false, write: false };
  return (operation, outcome) => {
    const wasLost = failing.read || failing.write;
    failing[readOperations.test(operation) ? 'read' : 'write'] = outcome === 'fault';
    const isLost = failing.read || failing.write;
    if (isLost !== wasLost) tell({ kind: isLost ? 'store-lost' : 'store-back' });
  };
}
