import { randomHex } from '../crypto/index.ts';
import type { StockKey } from '../model/index.ts';
import { type Log, thrownFields } from '../telemetry/index.ts';
import { type KeyWorker, type KeyWorkerPace, type MadeKey, startKeyWorker } from './key-worker.ts';
import { type Keyring, sealedFor } from './keyring.ts';

/** The part of the store that keeps the stock. */
export type KeyShelf = {
  addStockKey(key: StockKey): Promise<void>;
  takeStockKey(bits: number): Promise<StockKey | undefined>;
  countStockKeys(bits: number): Promise<number>;
};

/** A key pair out of the stock: public part PKCS#1 DER in base64, private part PKCS#8 DER. */
export type ServerKeyPair = { publicKey: string; privateKey: Buffer };

/** RSA key pairs made ahead of need. */
export type KeyStock = {
  /** Takes a key pair. With an empty stock it waits until one is made. */
  take(): Promise<ServerKeyPair>;
  /** Makes the missing keys; call it after a change of the target. */
  fill(): void;
  /** Resolves when the stock is full, or when filling failed and waits for its next try. */
  filled(): Promise<void>;
  close(): Promise<void>;
};

/**
 * `target` returns how many keys of `bits` are to be ready. `onEmpty` is called for each caller that has to wait,
 * `onCounted` with the number of ready keys at each look. After a failure the next try comes `retryMs` later, then
 * after twice as long each time, up to a minute.
 */
export type KeyStockOptions = {
  shelf: KeyShelf;
  keyring: Keyring;
  bits: number;
  target: () => number;
  log: Log;
  onEmpty?: (() => void) | undefined;
  onCounted?: ((keys: number) => void) | undefined;
  retryMs?: number;
  startWorker?: ((pace: KeyWorkerPace) => KeyWorker) | undefined;
};

const longestRetryMs = 60_000;

/** Opens the stock and starts to fill it, at the lowest priority unless a caller waits for a key. */
export function openKeyStock(options: KeyStockOptions): KeyStock {
  const { shelf, keyring, bits, target, onEmpty, onCounted, startWorker = startKeyWorker } = options;
  const waiting: ((key: ServerKeyPair) => void)[] = [];
  const make = async (worker: KeyWorker): Promise<void> => {
    const made = await worker.make(bits);
    const waiter = waiting.shift();
    if (waiter) return waiter({ publicKey: made.publicKey, privateKey: Buffer.from(made.privateKey, 'base64') });
    await shelf.addStockKey(stockKeyOf(made, bits, keyring));
  };
  const filling = openMaking(options, make, {
    start: () => startWorker('spare'),
    isWanted: async () => (await counted(options)) < target(),
  });
  const serving = openMaking(options, make, { start: () => startWorker('usual'), isWanted: async () => waiting.length > 0 });
  filling.begin();
  return {
    fill: filling.begin,
    async take() {
      const key = await shelf.takeStockKey(bits);
      filling.begin();
      if (key) return { publicKey: key.publicKey, privateKey: keyring.open(sealedFor.stockKey(key.id), key.sealedPrivateKey) };
      onEmpty?.();
      onCounted?.(0);
      const next = new Promise<ServerKeyPair>((resolve) => waiting.push(resolve));
      serving.begin();
      return next;
    },
    filled: filling.ended,
    async close() {
      await Promise.all([filling.close(), serving.close()]);
    },
  };
}

/** A loop that makes keys one after the other. Its worker lives while a key is wanted. */
type Making = { begin(): void; ended(): Promise<void>; close(): Promise<void> };

function openMaking(
  { log, retryMs = 1000 }: KeyStockOptions,
  make: (worker: KeyWorker) => Promise<void>,
  { start, isWanted }: { start: () => KeyWorker; isWanted: () => Promise<boolean> },
): Making {
  let worker: KeyWorker | undefined;
  let underWay: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let pauseMs = retryMs;
  let [isAsked, isClosed] = [false, false];
  const dismiss = async (): Promise<void> => {
    const last = worker;
    worker = undefined;
    await last?.stop();
  };
  const fillStock = async (): Promise<void> => {
    do {
      isAsked = false;
      while ((await isWanted()) && !isClosed) {
        worker ??= start();
        await make(worker);
        pauseMs = retryMs;
      }
      await dismiss();
      // Another key may have been requested since the last look.
    } while (isAsked && !isClosed);
    underWay = undefined;
  };
  const pause = async (error: unknown): Promise<void> => {
    await dismiss();
    underWay = undefined;
    if (isClosed) return;
    log.error(thrownFields(error), 'could not add a key to the stock; trying again');
    retry = setTimeout(again, pauseMs).unref();
    pauseMs = Math.min(2 * pauseMs, longestRetryMs);
  };
  const begin = (): void => {
    isAsked = true;
    if (!isClosed && !underWay && !retry) underWay = fillStock().catch(pause);
  };
  const again = (): void => {
    retry = undefined;
    begin();
  };
  return {
    begin,
    ended: async () => underWay,
    async close() {
      isClosed = true;
      clearTimeout(retry);
      await worker?.stop();
      await underWay;
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
