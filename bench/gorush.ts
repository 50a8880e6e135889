/**
 * Pushes per second of the relay and of gorush, a push gateway in Go. Both take JSON, send to the same Firebase in
 * turn, and reply after Firebase's reply.
 * `npm run bench -- gorush --program ./gorush --rounds 3 --count 2000 --parallel 8`. gorush only knows Google's address
 * of Firebase, so a proxy of this bench leads its connections to the bench's Firebase.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../test/kit/ports.ts';
import { openConnections, requestBytes } from './harness/connections.ts';
import { type FcmSink, startFcmSink } from './harness/fcm-sink.ts';
import { build, startGateway } from './harness/gateway.ts';
import { machineName, pssOf } from './harness/machine.ts';
import { measure, type Sample } from './harness/measure.ts';
import { gainsOf, type Series, tableOf } from './harness/report.ts';
import { relayBytes } from './rounds.ts';

const { values } = parseArgs({
  options: {
    program: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    count: { type: 'string', default: '2000' },
    parallel: { type: 'string', default: '8' },
  },
});
if (values.program === undefined) throw new Error('--program takes the path of gorush, as `go build` made it');
const program = resolve(values.program);
const [count, parallel] = [Number(values.count), Number(values.parallel)];

const startLimitMs = 30_000;

type Side = { name: string; pid: number; port: number; bytes(): Buffer[]; isGood(reply: string): boolean; stop(): Promise<void> };

process.once('SIGINT', () => process.exit(1));
const folder = mkdtempSync(join(tmpdir(), 'pushgate-bench-'));
const checkout = resolve(import.meta.dirname, '..');
build(checkout);
const fcm = await startFcmSink(folder);
const sides: Side[] = [];
const series: Series[] = [];
try {
  sides.push(await ours());
  sides.push(await gorush(fcm));
  process.stdout.write(`${machineName()}; ${count} pushes a round, ${parallel} under way\n`);
  // The first round compiles code and opens connections, so it is not counted.
  for (let round = 0; round <= Number(values.rounds); round += 1)
    for (const side of sides) {
      const sample = await oneRound(side);
      if (round > 0) noteOf(side.name).samples.push(sample);
    }
  process.stdout.write(`${tableOf(series)}\n${gainsOf(series, 'pushgate', 'gorush')}\n`);
  for (const { name, pid } of sides) process.stdout.write(`${name}: ${Math.round(pssOf(pid))} MiB\n`);
} finally {
  for (const { stop } of sides) await stop();
  await fcm.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function oneRound({ pid, port, bytes, isGood }: Side): Promise<Sample> {
  const before = await fcm.taken();
  const connections = await openConnections(port, parallel);
  const { sample } = await measure(pid, connections, { bytes: bytes(), isGood }, [fcm.pid]);
  connections.close();
  const lost = count - ((await fcm.taken()) - before);
  if (lost > 0) sample.faults.push(`${lost} pushes did not arrive`);
  return sample;
}

function noteOf(side: string): Series {
  let found = series.find((each) => each.side === side);
  if (!found) {
    found = { bench: 'relay', side, samples: [] };
    series.push(found);
  }
  return found;
}

async function ours(): Promise<Side> {
  const gateway = await startGateway({ checkout, store: 'embedded', workers: 1, keyBits: 2048, tokens: 1, fcm });
  return {
    name: 'pushgate',
    pid: gateway.pid,
    port: gateway.port,
    bytes: () => Array.from({ length: count }, relayBytes),
    isGood: (reply) => reply.startsWith('200'),
    stop: () => gateway.stop(),
  };
}

async function gorush({ provider, port: fcmPort, tokenUrl }: FcmSink): Promise<Side> {
  const [port, proxy] = [await freePort(), await startProxy(fcmPort)];
  const config = join(folder, 'gorush.yml');
  writeFileSync(config, configuration(port, provider.service_account.$file));
  const address = proxy.address();
  const through = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const env = { HTTPS_PROXY: through, NO_PROXY: new URL(tokenUrl).hostname, SSL_CERT_FILE: provider.ca };
  const child = spawn(program, ['-c', config], { env, stdio: 'ignore' });
  process.once('exit', () => child.kill('SIGKILL'));
  await isUp(child, port);
  let sent = 0;
  const message = 'A'.repeat(400);
  return {
    name: 'gorush',
    pid: child.pid ?? 0,
    port,
    bytes: () =>
      Array.from({ length: count }, () => {
        sent += 1;
        const notifications = [{ tokens: [`fcm:gorush-${sent}`], platform: 2, title: 'Login', message }];
        return requestBytes('POST', '/api/push', { body: JSON.stringify({ notifications }) });
      }),
    isGood: (reply) => reply.startsWith('200') && reply.includes('"success":"ok"') && reply.includes('"logs":[]'),
    async stop() {
      child.kill();
      await once(child, 'exit');
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}

/** `sync`: each reply follows Firebase's reply and holds the result of the push. */
function configuration(port: number, account: string): string {
  return `
core: { enabled: true, address: 127.0.0.1, port: "${port}", mode: release, sync: true, max_notification: 100 }
api: { stat_go_uri: /api/stat/go, push_uri: /api/push, health_uri: /healthz, stat_app_uri: /api/stat/app, config_uri: /api/config, metric_uri: /metrics, sys_stat_uri: /sys/stats }
android: { enabled: true, key_path: ${account}, credential: "", max_retry: 0 }
queue: { engine: local }
stat: { engine: memory }
log: { format: string, access_log: ${join(folder, 'gorush.log')}, access_level: info, error_log: ${join(folder, 'gorush-errors.log')}, error_level: error }
`;
}

/** A proxy that leads every requested tunnel to the bench's Firebase. */
async function startProxy(fcmPort: number): Promise<Server> {
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on('connect', (_, client) => {
    const far = connect({ port: fcmPort, host: '127.0.0.1', noDelay: true }, () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
    if (client instanceof Socket) client.setNoDelay(true);
    far.pipe(client).pipe(far);
    for (const socket of [far, client]) socket.on('error', () => [far, client].map((each) => each.destroy()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function isUp(child: ChildProcess, port: number): Promise<void> {
  const end = performance.now() + startLimitMs;
  for (;;) {
    if (child.exitCode !== null || performance.now() > end) throw new Error(`gorush does not start: see ${join(folder, 'gorush.log')}`);
    const reply = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    if (reply?.ok) return;
    await new Promise((done) => setTimeout(done, 20));
  }
}
