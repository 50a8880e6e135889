// Installs the packages of package-lock.json once. Plain JavaScript for Node 20: npm runs it before the right Node is
// installed. The mark is written last, so an interrupted install is repeated.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { constants, homedir, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const mark = 'node_modules/.pushgate-lock';
const turn = '.pushgate-installing';
const abandonedMs = 10 * 60_000;
const shownLines = 30;

if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(
    `this is Node ${process.versions.node}; installing pushgate needs Node 20 or newer (on Linux it then brings its own Node 24 along).`,
  );
}
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const wanted = createHash('sha256').update(fs.readFileSync('package-lock.json')).digest('hex');
const isInstalled = () => fs.existsSync(mark) && fs.readFileSync(mark, 'utf8') === wanted;

let mine = `${process.pid}`;
if (!isInstalled()) {
  await takeTurn();
  const problem = isInstalled() ? undefined : await install();
  endTurn();
  if (problem) fail(problem);
}

/**
 * A lock between processes: a second command waits until the first has installed. The lock is a folder with one entry,
 * named by the processes that hold it. The folder appears together with its entry, and a rename of the entry passes the
 * lock on: each succeeds for one process only.
 */
async function takeTurn() {
  let told = false;
  for (;;) {
    const [owner] = listTurn();
    if (owner ? isAbandoned(owner) && inherit(owner) : beginTurn()) return;
    if (owner && !told) process.stderr.write(`pushgate: another command is installing (process ${owner}); waiting for it …\n`);
    told = told || owner !== undefined;
    await sleep(200);
  }
}

function beginTurn() {
  const made = `${turn}-${mine}`;
  try {
    fs.mkdirSync(`${made}/${mine}`, { recursive: true });
    fs.renameSync(made, turn);
    return true;
  } catch (error) {
    fs.rmSync(made, { recursive: true, force: true });
    if (!fs.existsSync(turn) && error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST')
      fail(`cannot write in ${process.cwd()} (${error.code}); make this folder writable for this user.`);
    return false;
  }
}

function listTurn() {
  try {
    return fs.readdirSync(turn);
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Takes the lock over from an abandoned owner; false if another process was faster. */
function inherit(owner) {
  try {
    fs.utimesSync(`${turn}/${owner}`, new Date(), new Date());
    fs.renameSync(`${turn}/${owner}`, `${turn}/${mine}`);
    return true;
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Whether all processes of the owner have ended (npm may outlive the script that started it), or none has touched the
 * lock for too long.
 */
function isAbandoned(owner) {
  const { mtimeMs } = fs.statSync(`${turn}/${owner}`, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
  return Date.now() - mtimeMs > abandonedMs || owner.split('+').map(Number).every(isGone);
}

function isGone(pid) {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    // In a container whose first process reaps no children, ended processes stay in the list as zombies.
    const stat = `/proc/${pid}/stat`;
    return fs.existsSync(stat) && /\) [ZX]/.test(fs.readFileSync(stat, 'utf8'));
  } catch (error) {
    return error.code === 'ESRCH' || error.code === 'ENOENT';
  }
}

function endTurn() {
  try {
    fs.rmdirSync(`${turn}/${mine}`);
    fs.rmdirSync(turn);
  } catch (error) {
    // The next process may already hold the lock, or the folder was removed by hand.
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(error.code)) throw error;
  }
}

/** @returns an error message for the user; undefined on success */
async function install() {
  process.stderr.write('pushgate: installing what package-lock.json names (npm ci), once …\n');
  fs.rmSync(mark, { force: true });
  const endProgress = showProgress();
  const { error, code, signal, told } = await npm('ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error');
  const seconds = endProgress();
  if (error) return `npm cannot be started (${error.code}); install npm, then run this again.`;
  if (signal) return `npm ci was stopped (${signal}); run this again.`;
  if (code !== 0) {
    const tail = told.trim().split('\n').slice(-shownLines).join('\n');
    return `npm ci failed; check the connection to the package registry, then run this again. npm said:\n${tail}`;
  }
  // For shells and scripts with this folder in their PATH; npx finds the command by package.json.
  fs.mkdirSync('node_modules/.bin', { recursive: true });
  fs.rmSync('node_modules/.bin/pushgate', { force: true });
  fs.symlinkSync('../../bin/pushgate.mjs', 'node_modules/.bin/pushgate');
  // The folder for Node's compile cache.
  fs.mkdirSync('node_modules/.cache/pushgate', { recursive: true });
  fs.writeFileSync(mark, wanted);
  trustNpmsList();
  process.stderr.write(`pushgate: installed in ${seconds} s.\n`);
  return undefined;
}

/**
 * npm trusts its own list of installed packages while the folder is no newer. Otherwise each npx reads every package,
 * which costs a second of CPU.
 */
function trustNpmsList() {
  const list = 'node_modules/.package-lock.json';
  if (fs.existsSync(list)) fs.utimesSync(list, new Date(), new Date());
}

/**
 * Shows npm's progress: on a terminal in one line, rewritten every second; elsewhere as a new line every ten seconds.
 * @returns a function that stops it and returns the seconds it took
 */
function showProgress() {
  const began = Date.now();
  const seconds = () => Math.round((Date.now() - began) / 1000);
  const folders = lockedFolders();
  const isTerminal = process.stderr.isTTY === true;
  const tell = () => {
    // npm makes all folders first: a package is complete when its package.json exists.
    const there = folders.filter((folder) => fs.existsSync(`${folder}/package.json`)).length;
    const line = `pushgate: ${there} of ${folders.length} packages after ${seconds()} s …`;
    process.stderr.write(isTerminal ? `\r${line}\x1b[K` : `${line}\n`);
  };
  const timer = setInterval(tell, isTerminal ? 1000 : 10_000);
  return () => {
    clearInterval(timer);
    if (isTerminal) process.stderr.write('\r\x1b[K');
    return seconds();
  };
}

/**
 * The folders of the packages that will be installed; npm may skip optional ones. Empty if the lock file cannot be
 * read, which npm reports.
 */
function lockedFolders() {
  try {
    const { packages = {} } = JSON.parse(fs.readFileSync('package-lock.json', 'utf8'));
    const ours = Object.keys(packages['']?.optionalDependencies ?? {}).map((name) => `node_modules/${name}`);
    const isForHere = ({ os = [process.platform], cpu = [process.arch] }) => os.includes(process.platform) && cpu.includes(process.arch);
    const isSure = ([folder, locked]) => folder !== '' && (!locked.optional || (ours.includes(folder) && isForHere(locked)));
    return Object.entries(packages)
      .filter(isSure)
      .map(([folder]) => folder);
  } catch {
    return [];
  }
}

/**
 * A cache for this installation, if npm cannot write its own: containers and service accounts may have no HOME, or
 * another user's.
 */
function ownCache() {
  const usual = process.env.npm_config_cache || join(homedir(), '.npm');
  try {
    fs.mkdirSync(usual, { recursive: true });
    fs.accessSync(usual, fs.constants.W_OK);
    return undefined;
  } catch {
    return fs.mkdtempSync(join(tmpdir(), 'pushgate-npm-'));
  }
}

/** Runs npm to its end despite signals: the lock must be held while npm still writes. */
async function npm(...args) {
  const path = process.env.npm_execpath ?? '';
  const isNpm = basename(path) === 'npm-cli.js';
  const cache = ownCache();
  const child = spawn(isNpm ? process.execPath : 'npm', isNpm ? [path, ...args] : args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: cache ? { ...process.env, npm_config_cache: cache } : process.env,
  });
  if (child.pid !== undefined) {
    fs.renameSync(`${turn}/${mine}`, `${turn}/${mine}+${child.pid}`);
    mine = `${mine}+${child.pid}`;
  }
  const alive = setInterval(() => fs.utimesSync(`${turn}/${mine}`, new Date(), new Date()), abandonedMs / 20);
  let stopped;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      stopped = signal;
      child.kill(signal);
    });
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    told += text;
  });
  const end = await new Promise((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  clearInterval(alive);
  if (cache) fs.rmSync(cache, { recursive: true, force: true });
  if (stopped) process.exitCode = 128 + constants.signals[stopped];
  return { ...end, signal: stopped ?? end.signal, told };
}

function fail(sentence) {
  process.stderr.write(`pushgate: ${sentence}\n`);
  process.exit(process.exitCode ?? 1);
}
