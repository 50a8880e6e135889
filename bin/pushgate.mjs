#!/usr/bin/env node
// Plain JavaScript for any Node: it looks at the version before anything that an old one cannot read is loaded.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

const [major, minor] = process.versions.node.split('.').map(Number);
const isRecent = major > 22 || (major === 22 && minor >= 19);
const pinned = new URL('../node_modules/.bin/node', import.meta.url).pathname;

if (isRecent) {
  try {
    await import('../src/main.ts');
  } catch (error) {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !String(error.message).includes('package')) throw error;
    fail('Something that pushgate needs is not installed. Run npm ci, or npm start, which does it for you.');
  }
} else if (existsSync(pinned) && process.env.PUSHGATE_NODE !== pinned) {
  const child = spawn(pinned, process.argv.slice(1), { stdio: 'inherit', env: { ...process.env, PUSHGATE_NODE: pinned } });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal ? 1 : 0);
  });
} else {
  fail(
    `This is Node ${process.versions.node}; pushgate needs 22.19 or newer, better 24. On Linux, npm start brings the right one along; elsewhere install it.`,
  );
}

function fail(sentence) {
  process.stderr.write(`pushgate: ${sentence}\n`);
  process.exitCode = 1;
}
