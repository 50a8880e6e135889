import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

/** A command at its own terminal (a pseudo-terminal of `script`), with a simulated user. */
export type AtTerminal = {
  /** Resolves when the terminal has shown this text. */
  shown(what: string): Promise<void>;
  /** Types a text; a line ends with `\r`, Ctrl-C is `\x03`. */
  types(text: string): void;
  /** Resolves with the exit code and all output. */
  ended(): Promise<{ code: number | null; shown: string }>;
};

const entry = resolve(process.env.PUSHGATE_ENTRY ?? 'bin/pushgate.mjs');

/** Starts `pushgate` with these arguments in a folder, at a terminal. */
export function pushgateAtTerminal(cwd: string, ...words: string[]): AtTerminal {
  const command = [process.execPath, entry, ...words].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const closed = once(child, 'close');
  return {
    async shown(what) {
      while (!text.includes(what)) await Promise.race([once(child.stdout, 'data'), closed.then(() => Promise.reject(new Error(text)))]);
    },
    types: (typed) => void child.stdin.write(typed),
    async ended() {
      const [code] = await closed;
      return { code, shown: text };
    },
  };
}
