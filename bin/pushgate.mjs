#!/usr/bin/env node
// Plain JavaScript that any version of Node can read: it checks the version before it loads newer syntax.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
const isRecent = major > 22 || (major === 22 && minor >= 19);
const home = fileURLToPath(new URL('..', import.meta.url));
const pinned = join(home, 'node_modules/.bin/node');
/** A clone runs its sources; a package runs its built files. */
const isClone = existsSync(join(home, 'src/main.ts'));

/** How often this process checks that its parent still runs (ms). */
const parentLookMs = 500;
/** By default glibc keeps the memory that a busy hour took. It reads these settings once, when a process starts. */
const mallocSettings = { MALLOC_TRIM_THRESHOLD_: '131072', MALLOC_ARENA_MAX: '2' };

endWithNpm();
if (isRecent) {
  if (isServe()) tellMalloc();
  await run();
} else if (existsSync(pinned) && process.env.PUSHGATE_NODE !== pinned) handOver();
else {
  fail(
    `this is Node ${process.versions.node}; pushgate needs 22.19 or newer, better 24. ${
      isClone
        ? 'On Linux, npm start brings the right one along for npx pushgate too; elsewhere install it.'
        : 'Install it, or beside pushgate by: npm install node@24'
    }`,
  );
}

function isServe() {
  return process.argv[2] === 'serve';
}

/**
 * Starts this process anew with the settings, under the same process id. Where execve is missing, only its workers get
 * them.
 */
function tellMalloc() {
  const environment = { ...mallocSettings, ...process.env };
  if (Object.keys(mallocSettings).every((name) => name in process.env)) return;
  // execve would close the channel to the parent process.
  if (usesGlibc() && process.execve && !process.channel)
    process.execve(process.execPath, [process.argv0, ...process.execArgv, ...process.argv.slice(1)], environment);
  Object.assign(process.env, environment);
}

function usesGlibc() {
  if (process.platform !== 'linux') return false;
  // Looking up the names of this machine's addresses for the report can take seconds.
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime !== undefined;
}

async function run() {
  if (process.env.PUSHGATE_NODE && process.channel) endWithParent();
  // Child processes must not inherit it: workers have a channel of their own.
  delete process.env.PUSHGATE_NODE;
  keepCompiled();
  try {
    await import(isClone ? '../src/main.ts' : '../dist/src/main.js');
  } catch (error) {
    if (error?.code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING')
      return fail(
        'it was installed from its sources, and Node runs no TypeScript below node_modules. Clone its repository, and run npm start in that folder.',
      );
    if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !String(error.message).startsWith('Cannot find package')) throw error;
    fail('something that pushgate needs is not installed. Run npm ci, or npm start, which does it for you.');
  }
}

/**
 * Keeps compiled code for the next start, in a folder that only the owner of the program can write. Node's default is
 * the folder for temporary files, which every user can write. Another user than the owner keeps no compiled code.
 */
function keepCompiled() {
  const modules = basename(dirname(home)) === 'node_modules' ? dirname(home) : join(home, 'node_modules');
  nodeModule.enableCompileCache?.(process.env.NODE_COMPILE_CACHE ?? join(modules, '.cache/pushgate'));
}

/** Continues in the Node that npm installed, and ends with its exit code or signal. */
function handOver() {
  const env = { ...(isServe() ? mallocSettings : {}), ...process.env, PUSHGATE_NODE: pinned };
  const child = spawn(pinned, process.argv.slice(1), { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], env });
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'];
  for (const signal of signals) {
    process.on(signal, () => {
      // A Ctrl-C reaches both processes. The terminal has sent it to the child already, and a second one would cut its
      // work short.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => fail(`the Node that came along cannot be started (${error.code}). Install Node 22.19 or newer, better 24.`));
  child.on('exit', (code, signal) => {
    for (const each of signals) process.removeAllListeners(each);
    if (signal) process.kill(process.pid, signal);
    else process.exitCode = code;
  });
}

/**
 * Stops when the npm that ran this as a script is gone. A signal to npm ends its shell, which is the parent here, and
 * would leave this process behind.
 */
function endWithNpm() {
  if (!process.env.npm_lifecycle_event || process.env.PUSHGATE_NODE || process.platform === 'win32') return;
  const { ppid } = process;
  setInterval(() => process.ppid !== ppid && process.kill(process.pid, 'SIGTERM'), parentLookMs).unref();
}

/** Stops when the parent process is gone without a message (kill -9), so that this process is not left behind. */
function endWithParent() {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}

function fail(sentence) {
  process.stderr.write(`pushgate: ${sentence}\n`);
  process.exitCode = 1;
}
