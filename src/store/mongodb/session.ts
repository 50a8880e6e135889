import { beginStoreCall } from '../../foundation/deadline/index.ts';
import { GatewayFault } from '../../foundation/model/index.ts';
import type { StoreOperation } from '../store.ts';
import type { Collections, TokenDocument, TransactionDocument } from './collections.ts';
import { faultOf } from './faults.ts';
import type { Locations } from './locations.ts';
import type { Names } from './names.ts';
import type { Together } from './together.ts';
import type { Behind } from './write-behind.ts';

/** Told of every operation: its name, how it ended, and how long it took in seconds. */
export type OnOperation = (op: StoreOperation, outcome: 'ok' | 'fault', seconds: number) => void;

/** Runs operations: measured, within their time, their errors translated. */
export type Runner = {
  /**
   * Throws `store-unavailable` when the store cannot be reached or does not answer in time. What the operation came to is then not
   * known: it is never told as a conflict.
   */
  run<T>(op: StoreOperation, work: () => Promise<T>): Promise<T>;
  /** Takes nothing more, and resolves when nothing is under way. */
  end(): Promise<void>;
};

/** What the parts of the store share. */
export type Session = Pick<Runner, 'run'> & {
  collections: Collections;
  locations: Locations;
  names: Names;
  together: Together;
  behind: { tokens: Behind<TokenDocument>; transactions: Behind<TransactionDocument> };
};

/** Opens a runner; `limitMs` bounds each operation, the driver's own second try included. */
export function openRunner({ limitMs, onOperation = () => undefined }: { limitMs: number; onOperation?: OnOperation | undefined }): Runner {
  const underWay = new Set<Promise<unknown>>();
  let ended = false;
  const start = <T>(work: () => Promise<T>): Promise<T> => {
    if (ended) throw new GatewayFault('store-unavailable', 'The MongoDB store is closed');
    const going = work();
    const tracked = going.catch(() => undefined).finally(() => underWay.delete(tracked));
    underWay.add(tracked);
    return going;
  };
  return {
    async run(op, work) {
      const begun = performance.now();
      const call = beginStoreCall(limitMs);
      const told = (outcome: 'ok' | 'fault'): void => onOperation(op, outcome, (performance.now() - begun) / 1000);
      try {
        const value = await within(call.limitMs, op, start(work));
        told('ok');
        return value;
      } catch (error) {
        told('fault');
        throw faultOf(op, error);
      } finally {
        call.end();
      }
    },
    async end() {
      ended = true;
      await Promise.all(underWay);
    },
  };
}

async function within<T>(limitMs: number, op: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new GatewayFault('store-unavailable', `MongoDB did not answer ${op} within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
