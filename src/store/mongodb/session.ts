import { beginStoreCall } from '../../foundation/deadline/index.ts';
import { GatewayFault } from '../../foundation/model/index.ts';
import type { StoreOperation } from '../store.ts';
import type { AuditedWrites } from './audited-writes.ts';
import type { Collections, TokenDocument, TransactionDocument } from './collections.ts';
import { faultOf } from './faults.ts';
import type { Locations } from './locations.ts';
import type { Names } from './names.ts';
import type { WriteBehind } from './write-behind.ts';

/** Called after every operation with its name, outcome and duration in seconds. */
export type OnOperation = (op: StoreOperation, outcome: 'ok' | 'fault', seconds: number) => void;

/** Runs operations: measured, within a time limit, with translated errors. */
export type Runner = {
  /**
   * Throws `store-unavailable` when the store is unreachable or does not answer in time. The outcome of the operation
   * is then unknown, and never reported as a conflict.
   */
  run<T>(op: StoreOperation, work: () => Promise<T>): Promise<T>;
  /** Accepts no more operations, and resolves when none is under way. */
  end(): Promise<void>;
};

/** The common parts of the store. */
export type Session = Pick<Runner, 'run'> & {
  collections: Collections;
  locations: Locations;
  names: Names;
  audited: AuditedWrites;
  writeBehind: { tokens: WriteBehind<TokenDocument>; transactions: WriteBehind<TransactionDocument> };
};

/** Opens a runner; `limitMs` limits each operation, including the driver's second try. */
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
