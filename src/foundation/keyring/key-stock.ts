import { randomHex } from '../crypto/index.ts';
import type { StockKey } from '../model/index.ts';
import { type Log, thrownFields } from '../telemetry/index.ts';
import { type KeyWorker, type MadeKey, startKeyWorker } from './key-worker.ts';
import { type Keyring, sealedFor } from './keyring.ts';

/** Where the stock is kept: the part of the store that it needs. */
export type KeyShelf = {
  addStockKey(key: StockKey): Promise<void>;
  takeStockKey(bits: number): Promise<StockKey | undefined>;
  countStockKeys(bits: number): Promise<number>;
};

/** A key pair out of the stock: public part PKCS#1 DER in base64, private part PKCS#8 DER. */
export type ServerKeyPair = { publicKey: string; privateKey: Buffer };

/** RSA key pairs made ahead of need. */
export type KeyStock = {
  /** Takes one; only with an empty stock it waits for the next one to be made. */
  take(): Promise<ServerKeyPair>;
  /** Resolves when the stock is full, or could not be filled and waits for its next try. */
  filled(): Promise<void>;
  close(): Promise<void>;
};

/** `target` is how many keys of `bits` are kept ready; after a failure the next try comes `retryMs` later. `onEmpty` is told of each who has to wait, `onCounted` how many keys were ready at each look. */
export type KeyStockOptions = {
  shelf: KeyShelf;
  keyring: Keyring;
  bits: number;
  target: number;
  log: Log;
  onEmpty?: (() => void) | undefined;
  onCounted?: ((keys: number) => void) | undefined;
  retryMs?: number;
  startWorker?: (() => KeyWorker) | undefined;
};

/** Opens the stock and begins to fill it. */
export function openKeyStock(options: KeyStockOptions): KeyStock {
  const { shelf, keyring, bits, target, log, onEmpty, onCounted, retryMs = 1000, startWorker = startKeyWorker } = options;
  const waiting: ((key: ServerKeyPair) => void)[] = [];
  let worker: KeyWorker | undefined;
  let filling: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  const make = async (): Promise<void> => {
    worker ??= startWorker();
    const made = await worker.make(bits);
    const waiter = waiting.shift();
    if (waiter) return waiter({ publicKey: made.publicKey, privateKey: Buffer.from(made.privateKey, 'base64') });
    await shelf.addStockKey(stockKeyOf(made, bits, keyring));
  };
  const isWanted = async (): Promise<boolean> => waiting.length > 0 || (await counted(options)) < target;
  const fill = (): void => {
    if (closed || filling) return;
    clearTimeout(retry);
    filling = (async () => {
      while (!closed && (await isWanted()) && !closed) await make();
    })()
      .catch((error: unknown) => {
        if (closed) return;
        log.error(thrownFields(error), 'no key could be added to the stock; it is tried again');
        worker = undefined;
        retry = setTimeout(fill, retryMs).unref();
      })
      .finally(() => {
        filling = undefined;
        // Somebody may have begun to wait after the last look.
        if (waiting.length > 0 && worker) fill();
      });
  };
  fill();
  return {
    async take() {
      const key = await shelf.takeStockKey(bits);
      if (key) {
        fill();
        return { publicKey: key.publicKey, privateKey: keyring.open(sealedFor.stockKey(key.id), key.sealedPrivateKey) };
      }
      onEmpty?.();
      onCounted?.(0);
      const next = new Promise<ServerKeyPair>((resolve) => waiting.push(resolve));
      fill();
      return next;
    },
    filled: async () => filling,
    async close() {
      closed = true;
      clearTimeout(retry);
      await worker?.stop();
      await filling;
    },
  };
}

async function counted({ shelf, bits, onCounted }: KeyStockOptions): Promise<number> {
  const keys = await shelf.countStockKeys(bits);
  onCounted?.(keys);
  return keys;
}

function stockKeyOf({ publicKey, privateKey }: MadeKey, bits: number, keyring: Keyring): StockKey {
  const id = randomHex(16);
  return { id, bits, publicKey, sealedPrivateKey: keyring.seal(sealedFor.stockKey(id), Buffer.from(privateKey, 'base64')) };
}
