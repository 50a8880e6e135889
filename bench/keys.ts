/**
 * CPU time of the secrets of one push token: making its RSA key, the first signature (unseals and opens the key), every
 * later one, and the first check of a correct PIN. docs/scale.md calculates with it.
 * `npm run bench -- keys --seconds 10`
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createPasswords, newKeyring, openKeyring } from '../src/foundation/keyring/index.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '10' } } });
const seconds = Number(values.seconds);
const keyring = openKeyring(newKeyring(Date.now()));
const passwords = createPasswords(keyring);
const data = Buffer.alloc(128);

print('CPU time on one core');
for (const bits of [2048, 3072, 4096]) print(await keyLine(bits));
const hashing = await cpuPer(seconds / 5, () => passwords.hash('1234'));
print(`  a PIN, the first time it is right in a process: ${ms(hashing)}`);

async function keyLine(bits: number): Promise<string> {
  const made: string[] = [];
  const making = await cpuPer(seconds, () => made.push(sealed(bits)));
  let next = 0;
  const first = await cpuPer(seconds / 5, () => {
    next = (next + 1) % made.length;
    sign('sha256', data, opened(made[next] ?? ''));
  });
  const key = opened(made[0] ?? '');
  const again = await cpuPer(seconds / 5, () => sign('sha256', data, key));
  return `  RSA key of ${bits} bits: to make ${ms(making)} (${made.length} made), first signature ${ms(first)}, each later one ${ms(again)}`;
}

function sealed(bits: number): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  return keyring.seal('token:bench', privateKey.export({ type: 'pkcs8', format: 'der' }));
}

function opened(text: string): KeyObject {
  return createPrivateKey({ key: keyring.open('token:bench', text), format: 'der', type: 'pkcs8' });
}

/** CPU seconds of one `work` over all threads: the mean over this many CPU seconds. */
async function cpuPer(limit: number, work: () => unknown): Promise<number> {
  const start = process.cpuUsage();
  const used = (): number => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1_000_000;
  };
  let count = 0;
  for (; used() < limit; count += 1) await work();
  return used() / count;
}

function ms(cpu: number): string {
  return `${(cpu * 1000).toFixed(2)} ms`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
