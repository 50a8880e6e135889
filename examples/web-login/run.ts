/**
 * `npm run example`: a web application with a second factor, a gateway with the default configuration, and a phone in
 * the terminal. Everything runs on this machine and is deleted at the end.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPushgate } from '../../clients/typescript/src/index.ts';
import { openWebLogin } from './app.ts';
import { openTerminalPhone } from './phone.ts';

const folder = mkdtempSync(join(tmpdir(), 'pushgate-example-'));
const ended = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => ended.abort());
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const gateway = spawn(process.execPath, ['bin/pushgate.mjs', 'serve', '--config', writeConfig()], { stdio: ['ignore', 'pipe', 'inherit'] });
gateway.once('exit', () => ended.abort());
let told = '';
const phone = openTerminalPhone(join(folder, 'phone.json'));
let server: Server | undefined;
try {
  await hearGateway();
  await phone.enrol(await rolloutUri());
  server = await openShop();
  if (!ended.signal.aborted) await once(ended.signal, 'abort');
} catch (error) {
  // A gateway that could not start has said why.
  if (!ended.signal.aborted) console.error(`${error}\nPORT=3001 npm run example uses another port than 3000.`);
  process.exitCode = 1;
} finally {
  await phone.close();
  server?.closeAllConnections();
  server?.close();
  gateway.kill();
  if (gateway.exitCode === null && gateway.signalCode === null) await once(gateway, 'exit');
  rmSync(folder, { recursive: true, force: true });
}

/** The default configuration on a free port. Its log has warnings only, because the phone is in the same terminal. */
function writeConfig(): string {
  const text = readFileSync('config/default.json', 'utf8').replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`).replaceAll('../data/', '');
  const { $schema: _schema, settings, ...usual } = JSON.parse(text);
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify({ ...usual, settings: { ...settings, logLevel: 'warn' } }));
  return file;
}

/** Resolves when the gateway listens; `told` then has the password that it made. */
async function hearGateway(): Promise<void> {
  gateway.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
  while (!told.includes('Ctrl-C')) await once(gateway.stdout, 'data', { signal: ended.signal });
}

async function openShop(): Promise<Server> {
  const app = openWebLogin(openPushgate({ url }), new Map([['alice', 'wonderland']]));
  const shop = createServer(app.callback()).listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
  await once(shop, 'listening');
  const address = shop.address();
  const shown = typeof address === 'object' ? address?.port : '';
  console.log(`The shop is at http://127.0.0.1:${shown}/ . Log in as alice, with the password wonderland. Ctrl-C ends it.`);
  return shop;
}

/** Makes a push token for alice, as an administrator, and returns what its QR code says. */
async function rolloutUri(): Promise<string> {
  const password = /Password:\s+(\S+)/.exec(told)?.[1] ?? '';
  const post = async <T>(path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<T> => {
    const reply = await fetch(`${url}${path}`, { method: 'POST', headers, body: new URLSearchParams(form) });
    if (!reply.ok) throw new Error(`${path} replied with ${reply.status}: ${await reply.text()}`);
    return reply.json() as Promise<T>;
  };
  const auth = await post<{ result: { value: { token: string } } }>('/auth', { username: 'admin', password });
  const made = await post<{ detail: { pushurl: { value: string } } }>(
    '/token/init',
    { type: 'push', genkey: '1', user: 'alice' },
    { authorization: auth.result.value.token },
  );
  return made.detail.pushurl.value;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const at = probe.address();
  probe.close();
  return typeof at === 'object' && at ? at.port : 0;
}
