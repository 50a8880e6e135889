import { fork } from 'node:child_process';
import { generateKeyPair } from 'node:crypto';
import { Socket } from 'node:net';
import { constants, setPriority } from 'node:os';

/** A key pair as the worker made it: public part PKCS#1 DER, private part PKCS#8 DER, both base64. */
export type MadeKey = { publicKey: string; privateKey: string };

/** Makes RSA keys, one at a time. */
export type KeyWorker = {
  /** Rejects when the worker ends, or has ended; the error says how. */
  make(bits: number): Promise<MadeKey>;
  /** Resolves when it has ended. */
  stop(): Promise<void>;
};

/** What a worker takes of the processor: what nothing else wants (`spare`), or its share (`usual`), where somebody waits for a key. */
export type KeyWorkerPace = 'spare' | 'usual';

const longestComplaint = 2000;

/**
 * Starts a process that makes keys. It inherits no variable of the environment, ends with this process however this one ends, and lives through signals that
 * are meant for this one.
 */
export function startKeyWorker(pace: KeyWorkerPace): KeyWorker {
  // Not detached: in a session of its own Linux would weigh its priority against nobody (autogroups).
  const child = fork(import.meta.filename, [pace], { execArgv: [], env: {}, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-longestComplaint);
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<Error>();
  child.once('error', (cause) => end(new Error('the process that makes keys could not be started', { cause })));
  child.once('close', (code, signal) => {
    end(new Error(`the process that makes keys ended (${signal ?? `exit code ${code}`})`, { cause: complaint || undefined }));
  });
  // A stock to be filled keeps no process alive.
  child.unref();
  child.channel?.unref();
  if (child.stderr instanceof Socket) child.stderr.unref();
  return {
    make: (bits) =>
      new Promise((resolve, reject) => {
        ended.then(reject);
        child.once('message', (made) => resolve(made as MadeKey));
        // A channel that is closed is told by the end.
        child.send(bits, () => undefined);
      }),
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** What the process does. */
function work(): void {
  // Of a terminal or a service manager, which signal all processes at once: the gateway decides when this one ends.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
  // Before the threads that make keys are there, which inherit it.
  if (process.argv[2] === ('spare' satisfies KeyWorkerPace)) setPriority(constants.priority.PRIORITY_LOW);
  // Not by process.exit, which would wait for the key that is being made.
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
