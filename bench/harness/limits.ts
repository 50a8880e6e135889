import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Koa from 'koa';
import { openConnections, requestBytes } from './connections.ts';

/** The limits of this machine, per second, measured without other load. */
export type Limits = {
  /** Signatures in Node's thread pool, `parallel` at a time, on all cores. */
  signatures: number;
  /** The same with `openssl speed` on one core. */
  opensslSignatures: number;
  /** Verifications of a phone's signature (RSA-4096) on one core. */
  verifies: number;
  /** Sequential synchronous writes of 4 kB. */
  syncs: number;
  /** Empty replies of Koa, in one process with its client. */
  emptyReplies: number;
};

/** Measures each for about a second. */
export async function measureLimits({ keyBits, parallel }: { keyBits: number; parallel: number }): Promise<Limits> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: keyBits });
  const signature = sign('sha256', data, privateKey);
  return {
    signatures: await signatureRate(privateKey, parallel),
    opensslSignatures: opensslRate(keyBits),
    verifies: rateOf(() => verify('sha256', data, publicKey, signature)),
    syncs: syncRate(),
    emptyReplies: await emptyReplyRate(parallel),
  };
}

const data = randomBytes(128);
const spanMs = 1000;

function rateOf(work: () => unknown): number {
  const begun = performance.now();
  let count = 0;
  for (; performance.now() - begun < spanMs; count += 1) work();
  return (count * 1000) / (performance.now() - begun);
}

async function signatureRate(key: KeyObject, parallel: number): Promise<number> {
  const begun = performance.now();
  let count = 0;
  const lane = async (): Promise<void> => {
    for (; performance.now() - begun < 2 * spanMs; count += 1)
      await new Promise((resolve, reject) => sign('sha256', data, key, (error, made) => (error ? reject(error) : resolve(made))));
  };
  await Promise.all(Array.from({ length: parallel }, lane));
  return (count * 1000) / (performance.now() - begun);
}

/** RSA signatures per second by `openssl speed` on one core. */
export function opensslRate(bits: number): number {
  const text = execFileSync('openssl', ['speed', '-seconds', '1', `rsa${bits}`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return Number(/rsa\s+\d+ bits\s+\S+\s+\S+\s+([\d.]+)/.exec(text)?.[1]);
}

function syncRate(): number {
  const folder = mkdtempSync(join(tmpdir(), 'pushgate-bench-'));
  const file = openSync(join(folder, 'sync'), 'w');
  const page = Buffer.alloc(4096, 1);
  try {
    return rateOf(() => {
      writeSync(file, page);
      fdatasyncSync(file);
    });
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

async function emptyReplyRate(parallel: number): Promise<number> {
  const app = new Koa();
  app.use((ctx) => {
    ctx.body = {};
  });
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const connections = await openConnections(typeof address === 'object' ? (address?.port ?? 0) : 0, parallel);
  const bytes = Array.from({ length: 20_000 }, () => requestBytes('GET', '/'));
  const used = process.cpuUsage();
  await connections.run({ bytes, isGood: () => true });
  const { user, system } = process.cpuUsage(used);
  connections.close();
  server.close();
  return bytes.length / ((user + system) / 1e6);
}
