import { fork } from 'node:child_process';
import { generateKeyPair } from 'node:crypto';
import { Socket } from 'node:net';
import { constants, setPriority } from 'node:os';

/** A key pair from the worker: public part PKCS#1 DER, private part PKCS#8 DER, both base64. */
export type MadeKey = { publicKey: string; privateKey: string };

/** Makes RSA keys, one at a time. */
export type KeyWorker = {
  /** Rejects when the worker ends or has ended; the error gives the exit code or signal. */
  make(bits: number): Promise<MadeKey>;
  /** Resolves when the worker has ended. */
  stop(): Promise<void>;
};

/**
 * The worker's share of the processor: idle time only (`spare`), or the normal share (`usual`) when a caller waits for
 * a key.
 */
export type KeyWorkerPace = 'spare' | 'usual';

const maxErrorLength = 2000;

/**
 * Starts a process that makes keys. It inherits no environment variables, ends when this process ends for any reason,
 * and ignores signals that are meant for this one.
 */
export function startKeyWorker(pace: KeyWorkerPace): KeyWorker {
  // Not detached: in a session of its own, Linux would weigh its priority against nothing else (autogroup scheduling).
  const child = fork(import.meta.filename, [pace], { execArgv: [], env: {}, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-maxErrorLength);
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<Error>();
  child.once('error', (cause) => end(new Error('could not start the process that makes keys', { cause })));
  child.once('close', (code, signal) => {
    end(new Error(`the process that makes keys ended (${signal ?? `exit code ${code}`})`, { cause: complaint || undefined }));
  });
  // Filling a stock must not keep this process alive.
  child.unref();
  child.channel?.unref();
  if (child.stderr instanceof Socket) child.stderr.unref();
  return {
    make: (bits) =>
      new Promise((resolve, reject) => {
        ended.then(reject);
        child.once('message', (made) => resolve(made as MadeKey));
        // A closed channel shows in `ended`.
        child.send(bits, () => undefined);
      }),
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The body of the worker process. */
function work(): void {
  // A terminal or a service manager signals all processes at once; the gateway decides when this one ends.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
  // Before the threads that make keys start: they inherit the priority.
  if (process.argv[2] === ('spare' satisfies KeyWorkerPace)) setPriority(constants.priority.PRIORITY_LOW);
  // Not process.exit, which would wait for the key in progress.
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.on('message', (bits: number) => {
    const options = {
      modulusLength: bits,
      publicKeyEncoding: { type: 'pkcs1', format: 'der' },
      privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    } as const;
    generateKeyPair('rsa', options, (error, publicKey, privateKey) => {
      if (error) throw error;
      process.send?.({ publicKey: publicKey.toString('base64'), privateKey: privateKey.toString('base64') });
    });
  });
}

if (process.argv[1] === import.meta.filename) work();
