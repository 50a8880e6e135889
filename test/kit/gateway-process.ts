import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A gateway in a process of its own, started by the command that users type. */
export type GatewayProcess = {
  child: ChildProcess;
  /** What it wrote so far: standard output and standard error. */
  output(): { out: string; err: string };
  /** Sends a signal and resolves with the exit code, or the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
};

/** The program to run: the sources, or what was built from them. */
const entry = process.env.PUSHGATE_ENTRY ?? 'bin/pushgate.mjs';

/** Runs `pushgate` with these arguments and resolves when it has ended. */
export async function pushgate(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = collect(child);
  const [code] = await once(child, 'close');
  return { code, ...text() };
}

/**
 * Starts `pushgate serve` and resolves when it listens; rejects with what it wrote when it ends before that.
 * @param variables of its environment, beside ours
 * @param program another one than ours
 */
export async function gatewayProcess(configFile: string, variables: Record<string, string> = {}, program = entry): Promise<GatewayProcess> {
  const env = { ...process.env, ...variables };
  const child = spawn(process.execPath, [program, 'serve', '--config', configFile], { stdio: ['ignore', 'pipe', 'pipe'], env });
  const output = collect(child);
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', () => output().out.includes('Ctrl-C') && resolve());
    child.once('close', (code) => reject(new Error(`serve ended with ${code}: ${output().err}`)));
  });
  return {
    child,
    output,
    async end(signal) {
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child.kill(signal);
      await ended;
      return child.exitCode ?? child.signalCode;
    },
  };
}

function collect(child: ChildProcess): () => { out: string; err: string } {
  const text = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text.out += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text.err += chunk;
  });
  return () => text;
}
