import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

/** A gateway in a process of its own, started by the command that users type. */
export type GatewayProcess = {
  child: ChildProcess;
  /** What it wrote so far: standard output and standard error. */
  output(): { out: string; err: string };
  /** Resolves when its log has said so, as many times. What is told elsewhere may be told before the log says it. */
  logged(what: RegExp, times?: number): Promise<void>;
  /** Sends a signal and resolves with the exit code, or the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
};

/** How a command ended, and what it wrote. */
export type Ended = { code: number | null; out: string; err: string };

/** The program to run: the sources, or what was built from them. */
const entry = resolve(process.env.PUSHGATE_ENTRY ?? 'bin/pushgate.mjs');

/** Where a command runs: its folder, variables of its environment beside ours, and the program where it is another one. */
export type Place = { cwd?: string; variables?: Record<string, string>; program?: string };

const start = (args: readonly string[], { cwd, variables, program = entry }: Place) =>
  spawn(process.execPath, [program, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...variables } });

/** Runs `pushgate` with these arguments and resolves when it has ended. */
export const pushgate = (...args: string[]): Promise<Ended> => pushgateAt({}, ...args);

/** The same at another place. */
export async function pushgateAt(place: Place, ...args: string[]): Promise<Ended> {
  const child = start(args, place);
  const text = collect(child);
  const [code] = await once(child, 'close');
  return { code, ...text() };
}

/**
 * Starts `pushgate serve` and resolves when it listens; rejects with what it wrote when it ends before that.
 * @param variables of its environment, beside ours
 */
export const gatewayProcess = (configFile: string, variables: Record<string, string> = {}): Promise<GatewayProcess> =>
  gatewayAt({ variables }, '--config', configFile);

/** The same with these options of `serve`, at another place. */
export async function gatewayAt(place: Place, ...options: string[]): Promise<GatewayProcess> {
  const child = start(['serve', ...options], place);
  const output = collect(child);
  await new Promise<void>((isUp, reject) => {
    child.stdout.on('data', () => output().out.includes('Ctrl-C') && isUp());
    child.once('close', (code) => reject(new Error(`serve ended with ${code}: ${output().err}`)));
  });
  return {
    child,
    output,
    async logged(what, times = 1) {
      const pattern = new RegExp(what, `g${what.flags.replace('g', '')}`);
      while ((output().err.match(pattern) ?? []).length < times) await once(child.stderr, 'data');
    },
    async end(signal) {
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'close') : undefined;
      child.kill(signal);
      await ended;
      return child.exitCode ?? child.signalCode;
    },
  };
}

/** Runs `pushgate` with what it writes going into another program of the shell; resolves with the exit code and the errors of `pushgate` itself. */
export async function pushgateInto(reader: string, ...args: string[]): Promise<Omit<Ended, 'out'>> {
  const script = `"$0" "$@" | ${reader} > /dev/null; exit "${'$'}{PIPESTATUS[0]}"`;
  const child = spawn('bash', ['-c', script, process.execPath, entry, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, err };
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
