import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { haveProgram } from './debian.ts';
import { freePort } from './ports.ts';
import { type Cleanup, temporaryFolder } from './temporary.ts';

/**
 * A real FreeRADIUS on loopback that asks a gateway for each login, and the secret of its clients. `told`: its output
 * so far.
 */
export type FreeRadius = { address: string; secret: string; told(): string };

const program = '/usr/sbin/freeradius';
const packaged = '/etc/freeradius/3.0';
/** Debian's paths; other systems lay the files out differently. */
const isThere = (): boolean =>
  [program, '/usr/lib/freeradius/rlm_rest.so', `${packaged}/mods-available/always`].every((file) => existsSync(file));

/** Whether there is a FreeRADIUS with `rlm_rest`. @see haveProgram */
export const haveFreeRadius = (): boolean =>
  haveProgram({ name: program, packages: ['freeradius', 'freeradius-rest'], unproved: 'FreeRADIUS', isThere });

/**
 * Starts a server with the files of `deploy/freeradius` unchanged; only its settings are the test's. `undo` stops it.
 */
export async function givenFreeRadius(undo: Cleanup, { url, apiKey }: { url: string; apiKey: string }): Promise<FreeRadius> {
  const folder = temporaryFolder(undo);
  const port = await freePort();
  const secret = 'shared-by-nas-and-server';
  mkdirSync(join(folder, 'log'));
  writeFileSync(join(folder, 'radiusd.conf'), configText({ folder, port, secret, url, apiKey }));
  const child = spawn(program, ['-d', folder, '-f', '-x', '-l', 'stdout'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let told = '';
  undo.later(() => stop(child));
  await new Promise<void>((ready, failed) => {
    const heard = (text: string): void => {
      told = (told + text).slice(-100_000);
      if (told.includes('Ready to process requests')) ready();
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', heard);
    child.once('exit', () => failed(new Error(`freeradius ended: ${told.slice(-3000)}`)));
    child.once('error', failed);
  });
  return { address: `127.0.0.1:${port}`, secret, told: () => told };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

const shipped = (path: string): string => resolve('deploy/freeradius', path);

const configText = ({
  folder,
  port,
  secret,
  url,
  apiKey,
}: {
  folder: string;
  port: number;
  secret: string;
  url: string;
  apiKey: string;
}): string => `
name = radiusd
prefix = /usr
raddbdir = ${folder}
logdir = ${folder}/log
run_dir = ${folder}
libdir = /usr/lib/freeradius
pidfile = ${folder}/radiusd.pid
max_request_time = 70
proxy_requests = no
log {
	destination = stdout
}
pushgate {
	url = "${url}"
	api_key = "${apiKey}"
	timeout = 65
	ca_file = "/etc/ssl/certs/ca-certificates.crt"
}
thread pool {
	start_servers = 2
	max_servers = 8
	min_spare_servers = 1
	max_spare_servers = 4
	max_requests_per_server = 0
}
client localhost {
	ipaddr = 127.0.0.1
	secret = ${secret}
	require_message_authenticator = yes
}
listen {
	type = auth
	ipaddr = 127.0.0.1
	port = ${port}
	virtual_server = pushgate
}
modules {
	$INCLUDE ${packaged}/mods-available/always
	$INCLUDE ${shipped('mods-available/pushgate')}
}
$INCLUDE ${shipped('sites-available/pushgate')}
`;
