import { generateKeyPairSync } from 'node:crypto';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

/** A key pair as the worker made it: public part PKCS#1 DER, private part PKCS#8 DER, both base64. */
export type MadeKey = { publicKey: string; privateKey: string };

/** A thread that makes one RSA key pair per request, so that the event loop and the signing threads stay free. */
export type KeyWorker = { make(bits: number): Promise<MadeKey>; stop(): Promise<void> };

/** Starts the thread. `make` rejects when the thread dies, or is gone already. */
export function startKeyWorker(): KeyWorker {
  const worker = new Worker(import.meta.filename);
  // A stock to be filled keeps no process alive.
  worker.unref();
  return {
    make: (bits) =>
      new Promise((resolve, reject) => {
        // A thread that is gone has no number any more, and tells nothing.
        if (worker.threadId === -1) return reject(new Error('the thread that makes keys has ended'));
        const settle = (end: () => void): void => {
          worker.off('message', onMessage).off('error', onEnd).off('exit', onEnd);
          end();
        };
        const onMessage = (made: MadeKey): void => settle(() => resolve(made));
        const onEnd = (cause: unknown): void => settle(() => reject(new Error('the thread that makes keys ended', { cause })));
        worker.on('message', onMessage).on('error', onEnd).on('exit', onEnd).postMessage(bits);
      }),
    stop: async () => void (await worker.terminate()),
  };
}

if (!isMainThread && parentPort) {
  const port = parentPort;
  port.on('message', (bits: number) => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: bits,
      publicKeyEncoding: { type: 'pkcs1', format: 'der' },
      privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    });
    port.postMessage({ publicKey: publicKey.toString('base64'), privateKey: privateKey.toString('base64') });
  });
}
