import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

/** A gateway in its own process, started by the command that users type. */
export type GatewayProcess = {
  child: ChildProcess;
  /** Its output so far: standard output and standard error. */
  output(): { out: string; err: string };
  /** Resolves when its log has matched this often. The log may come later than other signs of the same event. */
  logged(what: RegExp, times?: number): Promise<void>;
  /** Sends a signal and resolves with the exit code, or with the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
};

/** The result of a command and its output. */
export type Ended = { code: number | null; out: string; err: string };

/** The program to run: the sources, or the built files. */
const entry = resolve(process.env.PUSHGATE_ENTRY ?? 'bin/pushgate.mjs');

/** The environment of a command: its folder, additional variables, and another program instead of pushgate. */
export type Place = { cwd?: string; variables?: Record<string, string>; program?: string };

const start = (args: readonly string[], { cwd, variables, program = entry }: Place) =>
  spawn(process.execPath, [program, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...variables } });

/** Runs `pushgate` with these arguments and resolves when it has ended. */
export const pushgate = (...args: string[]): Promise<Ended> => pushgateAt({}, ...args);

/** The same in another environment. */
export async function pushgateAt(place: Place, ...args: string[]): Promise<Ended> {
  const child = start(args, place);
  const text = collect(child);
  const [code] = await once(child, 'close');
  return { code, ...text() };
}

/**
 * Starts `pushgate serve` and resolves when it listens. Rejects with its output if it ends first.
 * @param variables additional environment variables
 */
export const gatewayProcess = (configFile: string, variables: Record<string, string> = {}): Promise<GatewayProcess> =>
  gatewayAt({ variables }, '--config', configFile);

/** The same with these options of `serve`, in another environment. */
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

/** Runs `pushgate` with its output piped into another shell command. Resolves with pushgate's exit code and errors. */
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
