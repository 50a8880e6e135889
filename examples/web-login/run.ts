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
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const config = join(folder, 'config.json');
const usual = readFileSync('config/default.json', 'utf8').replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`).replaceAll('../data/', '');
writeFileSync(config, usual.replace('"$schema": "schema.json",', ''));

const gateway = spawn(process.execPath, ['bin/pushgate.mjs', 'serve', '--config', config], { stdio: ['ignore', 'pipe', 'inherit'] });
let told = '';
for await (const text of gateway.stdout.setEncoding('utf8')) {
  told += text;
  if (told.includes('Ctrl-C')) break;
}

const phone = openTerminalPhone(join(folder, 'phone.json'));
await phone.enrol(await rolloutUri());
const app = openWebLogin(openPushgate({ url }), new Map([['alice', 'wonderland']]));
const server: Server = createServer(app.callback()).listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
await once(server, 'listening');
const address = server.address();
const shown = typeof address === 'object' ? address?.port : '';
console.log(`The shop is at http://127.0.0.1:${shown}/ . Log in as alice, with the password wonderland. Ctrl-C ends it.`);

await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(gateway, 'exit')]);
await phone.close();
server.closeAllConnections();
server.close();
gateway.kill();
rmSync(folder, { recursive: true, force: true });

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
