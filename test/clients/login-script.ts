import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { keys } from '../edge/dialects/rest/given.ts';
import { haveProgram } from '../kit/debian.ts';
import { type Cleanup, temporaryFolder } from '../kit/temporary.ts';

/** Whether the Python of the scripts' first line is here. */
export const haveSystemPython = (): boolean =>
  haveProgram({
    name: 'Python',
    packages: ['python3'],
    unproved: 'the scripts for PAM and OpenVPN',
    isThere: () => existsSync('/usr/bin/python3'),
  });

/** A script as an operator installs it: in a folder with the client, beside its settings and its key. */
export type InstalledScript = {
  folder: string;
  path: string;
  settings: string;
  /** Starts it with exactly these variables. */
  start(environment: Record<string, string>, ...args: string[]): RunningScript;
};

/** A script that runs. */
export type RunningScript = {
  pid: number;
  /** Its output so far. */
  output(): string;
  /** Resolves with its next line of output; rejects if it ends before. */
  line(): Promise<string>;
  /** Resolves with its exit code. */
  ended(): Promise<number | null>;
};

/** Installs a script of `deploy/`; the settings are lines of its file, beside those for the key. */
export function installScript(
  undo: Cleanup,
  source: string,
  settings: string,
  { key = keys.shop }: { key?: string } = {},
): InstalledScript {
  const folder = temporaryFolder(undo);
  const libexec = join(folder, 'libexec');
  mkdirSync(libexec);
  for (const file of [source, 'clients/python/pushgate.py', 'clients/python/pushgate_login.py'])
    copyFileSync(file, join(libexec, basename(file)));
  const [keyFile, settingsFile] = [join(folder, 'key'), join(folder, 'settings.conf')];
  writeFileSync(keyFile, `${key}\n`);
  chmodSync(keyFile, 0o600);
  writeFileSync(settingsFile, `[default]\nkey_file = ${keyFile}\n${settings}\n`);
  const path = join(libexec, basename(source));
  return { folder, path, settings: settingsFile, start: (environment, ...args) => startProgram(undo, path, args, environment) };
}

/** Starts a program with exactly these variables; `undo` kills it. */
export function startProgram(
  undo: Cleanup,
  program: string,
  args: readonly string[],
  env: Record<string, string>,
  input = '',
): RunningScript {
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  undo.later(() => void child.kill('SIGKILL'));
  child.stdin.on('error', () => undefined).end(input);
  let [out, read] = ['', 0];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  return {
    pid: child.pid ?? 0,
    output: () => out,
    async line() {
      while (!out.slice(read).includes('\n')) {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${out}`);
        await Promise.race([once(child.stdout, 'data'), closed]);
      }
      const end = out.indexOf('\n', read);
      const line = out.slice(read, end);
      read = end + 1;
      return line;
    },
    async ended() {
      await closed;
      return child.exitCode;
    },
  };
}

/** The id of a process that runs this script. */
export function processOf(path: string): number {
  const runs = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(path);
    } catch {
      // It has ended since it was listed.
      return false;
    }
  };
  return Number(readdirSync('/proc').find((name) => /^\d+$/.test(name) && runs(name)) ?? assert.fail('no process'));
}
