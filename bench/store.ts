/**
 * Measures the embedded store: durable writes (a transaction with one challenge) by 1, 8 and 64 concurrent writers; the
 * store operations of a login, 8 at once; how long they block the event loop; and the CPU of the process. Turns follow
 * one another in one process, also for the store of another checkout (`--against DIR`). Reports minimum, median and
 * maximum.
 * `node bench/store.ts --rounds 20 --seconds 0.5 --tokens 2000`
 * @see docs/decisions/writes-off-the-loop.md
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import type { PushToken, Transaction } from '../src/foundation/model/index.ts';
import { openLog } from '../src/foundation/telemetry/index.ts';
import type { Store } from '../src/store/store.ts';
import { givenChallenge, givenPushToken, givenTransaction, keysOf } from '../test/kit/records.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '0.5' },
    tokens: { type: 'string', default: '2000' },
    against: { type: 'string', multiple: true, default: [] },
  },
});
const seconds = Number(values.seconds);
const tokens = Number(values.tokens);
const folder = mkdtempSync(join(tmpdir(), 'pushgate-bench-'));

type Place = { name: string; file: string; store: Store };
type Work = { name: string; parallel: number; once: (store: Store, number: number) => Promise<unknown> };
type Turn = { rate: number; cpu: number; latency: number; latencyP99: number; delay: number; delayP99: number; log: number };

const works: readonly Work[] = [
  { name: 'writes', parallel: 1, once: (store, number) => store.addTransaction(transaction(number)) },
  { name: 'writes', parallel: 8, once: (store, number) => store.addTransaction(transaction(number)) },
  { name: 'writes', parallel: 64, once: (store, number) => store.addTransaction(transaction(number)) },
  { name: 'logins', parallel: 8, once: login },
];
const places: Place[] = [];
for (const [index, name] of ['.', ...values.against].entries()) places.push(await open(name, join(folder, `store${index}.db`)));
const turns = new Map<string, Turn[]>();
let made = 0;
for (let round = 0; round < Number(values.rounds); round += 1)
  for (const work of works)
    for (const place of places) {
      const what = `${work.name} by ${String(work.parallel).padStart(2)}, ${place.name}`;
      turns.set(what, [...(turns.get(what) ?? []), await turn(place, work)]);
    }
for (const { store } of places) await store.close();
rmSync(folder, { recursive: true });
for (const [what, all] of turns) tell(what, all);

async function open(name: string, file: string): Promise<Place> {
  const { openEmbeddedStore } = await import(resolve(name, 'src/store/embedded/index.ts'));
  const store: Store = await openEmbeddedStore({ path: file, log: openLog('silent') });
  for (let from = 0; from < tokens; from += 500)
    await store.importRecords(
      Array.from({ length: Math.min(500, tokens - from) }, (_, index) => ({ kind: 'token', token: pushToken(from + index) })),
    );
  return { name, file, store };
}

function spread(number: number): string {
  return ((number * 2_654_435_761) % 4_294_967_296).toString(16).padStart(8, '0');
}

function serialOf(number: number): string {
  return `PIPU${spread(number % tokens)}`;
}

/** As large as a push token with an RSA key of 4096 bits. */
function pushToken(number: number): PushToken {
  return givenPushToken({
    serial: serialOf(number),
    owner: { user: `user${number}`, realm: 'corp', resolver: '' },
    serverKey: { publicKey: 'p'.repeat(532), sealedPrivateKey: 's'.repeat(2444) },
    phonePublicKey: 'k'.repeat(392),
    addresses: [{ kind: 'fcm', value: 'f'.repeat(160), since: 1 }],
  });
}

function transaction(number: number): Transaction {
  const challenge = givenChallenge({ serial: serialOf(number), handle: `h${spread(number)}${number}`, payload: 'x'.repeat(1900) });
  const { decision, ...rest } = givenTransaction({ id: `${spread(number)}${number}`, createdAt: number }, [challenge]);
  return { ...rest, decision: { ...decision, answerUntil: number + 1000, finishUntil: number + 2000 } };
}

/** The store operations of a login with a PIN, an answer and a finish. */
async function login(store: Store, number: number): Promise<void> {
  const begun = transaction(number);
  const serial = serialOf(number);
  await store.tokensOf(keysOf(`user${number % tokens}`));
  await store.openTransactionsOf(serial, number);
  await store.addTransaction(begun);
  await store.appendTrail(begun.id, [{ at: number, serial, provider: 'firebase', outcome: 'sent', reason: '', ms: 1 }]);
  await store.findTokenWithOpen(serial, number);
  await store.findByHandle('pipush', begun.decision.challenges[0]?.handle ?? '');
  await store.findToken(serial);
  const accepted = { ...begun.decision, state: 'accepted' as const, version: 1 };
  await store.decide(begun.id, 0, accepted, [], number);
  await store.findTransaction(begun.id);
  await store.tokensOf(keysOf(`user${number % tokens}`));
  const effect = { id: `e${number}`, kind: 'login-succeeded' as const, serial, at: number };
  await store.decide(begun.id, 1, { ...accepted, state: 'consumed', version: 2 }, [effect], number);
  await store.countLogin(serial, number, effect.id);
  await store.removeEffects(begun.id, [effect.id]);
}

async function turn({ store, file }: Place, { parallel, once }: Work): Promise<Turn> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const latencies: number[] = [];
  const end = performance.now() + seconds * 1000;
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      made += 1;
      const begun = performance.now();
      await once(store, made);
      latencies.push(performance.now() - begun);
    }
  };
  delay.enable();
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await Promise.all(Array.from({ length: parallel }, worker));
  const wall = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  delay.disable();
  return {
    rate: latencies.length / wall,
    cpu: (user + system) / latencies.length,
    latency: at(latencies, 0.5),
    latencyP99: at(latencies, 0.99),
    delay: delay.percentile(50) / 1e6,
    delayP99: delay.percentile(99) / 1e6,
    log: statSync(`${file}-wal`).size / 1024,
  };
}

function at(numbers: readonly number[], part: number): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
}

function tell(what: string, all: readonly Turn[]): void {
  const of = (name: keyof Turn, digits = 0): string =>
    [0, 0.5, 1]
      .map((part) =>
        at(
          all.map((each) => each[name]),
          part,
        ).toFixed(digits),
      )
      .join('/');
  process.stdout.write(
    `${what}: ${of('rate')} a second, ${of('cpu')} µs of CPU each, ${of('latency', 2)} ms (p99 ${of('latencyP99', 1)}); ` +
      `loop delay ${of('delay', 1)} ms (p99 ${of('delayP99', 1)}); log ${of('log')} kB\n`,
  );
}
