#!/usr/bin/env node
// Plain JavaScript for any Node: it looks at the version before anything that an old one cannot read is loaded.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
const isRecent = major > 22 || (major === 22 && minor >= 19);
const pinned = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));

if (isRecent) await run();
else if (existsSync(pinned) && process.env.PUSHGATE_NODE !== pinned) handOver();
else {
  fail(
    `this is Node ${process.versions.node}; pushgate needs 22.19 or newer, better 24. On Linux, npm start brings the right one along for npx pushgate too; elsewhere install it.`,
  );
}

async function run() {
  try {
    await import('../src/main.ts');
  } catch (error) {
    if (error?.code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING')
      return fail(
        'it was installed as a package, and Node runs no TypeScript there. Clone its repository, and run npm ci and npx pushgate in that folder.',
      );
    if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !String(error.message).startsWith('Cannot find package')) throw error;
    fail('something that pushgate needs is not installed. Run npm ci, or npm start, which does it for you.');
  }
}

/** Goes on in the Node that came along, and ends as that one ends. */
function handOver() {
  const child = spawn(pinned, process.argv.slice(1), { stdio: 'inherit', env: { ...process.env, PUSHGATE_NODE: pinned } });
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'];
  for (const signal of signals) {
    process.on(signal, () => {
      // A Ctrl-C reaches both processes: the terminal has told the other one, and being told twice would cut its work short.
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

function fail(sentence) {
  process.stderr.write(`pushgate: ${sentence}\n`);
  process.exitCode = 1;
}
