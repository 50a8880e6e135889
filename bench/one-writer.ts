/**
 * The cost of an embedded store that one process serves to all workers: CPU of the store's own operations, compared
 * with a message to another process and back (Node's IPC) with the same records.
 * `node bench/one-writer.ts --rounds 20000`
 * @see docs/decisions/one-process-embedded.md
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openLog } from '../src/foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../src/store/embedded/index.ts';
import { givenChallenge, givenPushToken, givenTransaction } from '../test/kit/records.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20000' } } });
const rounds = Number(values.rounds);
/** The number of concurrent requests. */
const parallel = 32;
const token = givenPushToken({ serial: 'S', serverKey: { publicKey: 'p'.repeat(532), sealedPrivateKey: 's'.repeat(2444) } });

if (process.send) {
  // The writer: answers with the result of reading a push token.
  process.on('message', (id) => process.send?.({ id, token }));
} else {
  await storeCosts();
  await messageCosts();
}

async function storeCosts(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pushgate-bench-'));
  const store = await openEmbeddedStore({ path: join(folder, 'store.db'), log: openLog('silent') });
  await store.addToken(token);
  await told('findToken', () => store.findToken('S'));
  await told('addTransaction', (round) =>
    store.addTransaction(givenTransaction({ id: `t${round}` }, [givenChallenge({ handle: `h${round}` })])),
  );
  await store.close();
  rmSync(folder, { recursive: true });
}

async function messageCosts(): Promise<void> {
  const writer = fork(import.meta.filename, { serialization: 'advanced' });
  const waiting = new Map<number, () => void>();
  writer.on('message', ({ id }: { id: number }) => {
    waiting.get(id)?.();
    waiting.delete(id);
  });
  await told('a message there and back, in one of the two processes', (round) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.set(round, resolve);
    writer.send(round);
    return promise;
  });
  writer.disconnect();
  await once(writer, 'exit');
}

async function told(what: string, operation: (round: number) => Promise<unknown>): Promise<void> {
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += parallel)
    await Promise.all(Array.from({ length: parallel }, (_, index) => operation(round + index)));
  const { user, system } = process.cpuUsage(before);
  process.stdout.write(`${what}: ${((user + system) / rounds).toFixed(0)} µs of CPU\n`);
}
