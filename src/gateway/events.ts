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

/** Tells when the store is lost and when it is back: by the operations that fail and those that succeed, once each time. */
export function watchStore(tell: Tell): NonNullable<StoreListeners['onOperation']> {
  let isLost = false;
  return (_operation, outcome) => {
    const failed = outcome === 'fault';
    if (failed === isLost) return;
    isLost = failed;
    tell({ kind: failed ? 'store-lost' : 'store-back' });
  };
}
