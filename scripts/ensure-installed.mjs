// Installs what package-lock.json says, unless that was done. Plain JavaScript for any Node that npm runs under: npm calls it before the
// right Node is there. The mark is written last, so an interrupted install is done again.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const mark = 'node_modules/.pushgate-lock';
const busy = '.pushgate-installing';
const staleMs = 10 * 60_000;
const wanted = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');

const isInstalled = () => existsSync(mark) && readFileSync(mark, 'utf8') === wanted;

if (!isInstalled()) {
  await takeTurn();
  try {
    if (!isInstalled()) install();
  } finally {
    rmSync(busy, { recursive: true, force: true });
  }
}

/** Two commands at once must not install into the same folder: the second one waits for the first. */
async function takeTurn() {
  for (;;) {
    try {
      mkdirSync(busy);
      writeFileSync(`${busy}/pid`, String(process.pid));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') fail(`cannot write here (${error.code}). Make this folder writable for this user.`);
    }
    if (isAbandoned()) rmSync(busy, { recursive: true, force: true });
    else await sleep(200);
  }
}

/** Whoever began is gone, or has been at it for too long. */
function isAbandoned() {
  try {
    if (Date.now() - statSync(busy).mtimeMs > staleMs) return true;
    const pid = Number(readFileSync(`${busy}/pid`, 'utf8'));
    if (pid > 0) process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function install() {
  process.stderr.write('pushgate: installing what package-lock.json names (npm ci), once …\n');
  const args = ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const run = npm ? spawnSync(process.execPath, [npm, ...args], { encoding: 'utf8' }) : spawnSync('npm', args, { encoding: 'utf8' });
  if (run.error) fail(`npm cannot be started (${run.error.code}). Install npm, then run this again.`);
  if (run.status !== 0)
    fail(
      `npm ci did not succeed. It said:\n${run.stderr.trim().split('\n').slice(0, 12).join('\n')}\nCheck the connection to the package registry, then run this again.`,
    );
  // `npx pushgate` finds the command of this very folder, and so the Node that comes along with it.
  mkdirSync('node_modules/.bin', { recursive: true });
  rmSync('node_modules/.bin/pushgate', { force: true });
  symlinkSync('../../bin/pushgate.mjs', 'node_modules/.bin/pushgate');
  chmodSync('bin/pushgate.mjs', 0o755);
  writeFileSync(mark, wanted);
}

function fail(sentence) {
  process.stderr.write(`pushgate: ${sentence}\n`);
  rmSync(busy, { recursive: true, force: true });
  process.exit(1);
}
