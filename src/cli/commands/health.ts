import { request as requestSecurely } from 'node:https';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { atPort } from '../../config/port.ts';
import { localUrl } from '../../edge/http/host-and-port.ts';
import { parseJson, record, records } from '../../foundation/model/index.ts';
import { readTextFile } from '../../foundation/settings/text-file.ts';
import { nodeHttp } from '../../foundation/wire/node-http.ts';
import { wireErrorOf } from '../../foundation/wire/wire-error.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { configOption, portFor } from './config-option.ts';

// A health check runs every few seconds, so this file reads no more of the configuration than where it listens, and loads no schema for it.
const limitMs = 3000;
const mostBytes = 65_536;

/** `pushgate health`: asks the running gateway whether it lives or, with `--ready`, whether it can work. */
export function healthCommand(terminal: Terminal): Command {
  return new Command('health')
    .addOption(configOption(terminal))
    .option('--ready', 'ask whether it can work: store, clock, not draining (/readyz); without it, whether it lives (/livez)')
    .addHelpText('after', '\nFor health checks of containers and services: it ends with 0 or 1, after 3 seconds at the latest.')
    .addHelpText('after', '\nExample:\n  npx pushgate health --config config/default.json')
    .action(async ({ config: file, ready = false }: { config: string; ready?: boolean }) => {
      const place = bestPlace(placesIn(file, terminal), file);
      terminal.out(verdictOf(place, { ready, ended: await ask(place, ready ? '/readyz' : '/livez') }));
    });
}

/** One listener: its URL here, with the path of its `ops` mount where it has one. `needsCertificate`: only clients that show one get a reply. */
type Place = { url: string; servesOps: boolean; needsCertificate: boolean };

/** Where the gateway of a configuration file listens. Throws `CommandFailed` where the file does not say so. */
function placesIn(file: string, terminal: Terminal): Place[] {
  const path = resolve(file);
  const text = readTextFile(path);
  if (!text.ok) throw new CommandFailed(`${path} ${text.error}; name the configuration of the gateway with --config.`);
  const port = portFor(file, terminal);
  const raw = parseJson(text.value);
  const { listeners } = record(port === undefined ? raw : atPort(raw, port));
  return records(listeners).map(({ address, tls, mounts }) => {
    const ops = records(mounts).find(({ serves }) => serves === 'ops');
    const mountPath = typeof ops?.path === 'string' && ops.path !== '/' ? ops.path : '';
    return {
      url: localUrl(String(address), tls !== undefined) + mountPath,
      servesOps: ops !== undefined,
      needsCertificate: record(tls).clientCertificate === 'require',
    };
  });
}

/** The listener that can tell most. */
function bestPlace(places: readonly Place[], file: string): Place {
  const open = places.filter(({ needsCertificate }) => !needsCertificate);
  const best = open.find(({ servesOps }) => servesOps) ?? places.find(({ servesOps }) => servesOps) ?? open[0] ?? places[0];
  if (best && URL.canParse(best.url)) return best;
  throw new CommandFailed(`${file} does not say where the gateway listens; try it with: npx pushgate check-config ${file}`);
}

/** How asking ended: a reply, a TLS handshake after which nothing came, or why there was neither. */
type Ended = { status: number; body: string } | { problem: string; handshake: boolean };

/** Asks once. A certificate is not checked: it is made for the name that clients use, and nothing secret is sent. */
function ask({ url }: Place, path: string): Promise<Ended> {
  const signal = AbortSignal.timeout(limitMs);
  const target = `${url}${path}`;
  return new Promise((settle) => {
    let handshake = false;
    const failed = (error: Error): void => settle({ problem: wireErrorOf(error, signal) ?? error.message, handshake });
    const options = { agent: false, signal, rejectUnauthorized: false };
    const call = url.startsWith('https:') ? requestSecurely(target, options) : nodeHttp().request(target, options);
    call.on('socket', (socket) => socket.once('secureConnect', () => (handshake = true)));
    call.on('error', failed);
    call.on('response', (reply) => {
      let body = '';
      reply.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
        if (body.length > mostBytes) reply.destroy(new Error('the reply is too long'));
      });
      reply.on('error', failed).on('end', () => settle({ status: reply.statusCode ?? 0, body }));
    });
    call.end();
  });
}

/** The sentence for a gateway that is well. Throws `CommandFailed` with that for one that is not. */
function verdictOf({ url, servesOps, needsCertificate }: Place, { ready, ended }: { ready: boolean; ended: Ended }): string {
  const isCutOff = 'problem' in ended && needsCertificate && ended.handshake;
  if ('problem' in ended && !isCutOff) throw new CommandFailed(`the gateway does not answer at ${url} (${ended.problem}).`);
  if (isCutOff || !servesOps) {
    const why = isCutOff ? 'it takes clients with a certificate only' : 'it serves no ops mount';
    if (!ready) return `The gateway answers at ${url}; ${why}, so it was asked no more.`;
    throw new CommandFailed(
      `the gateway answers at ${url}, but ${why}; add a listener with an ops mount, such as 127.0.0.1:8081, to ask whether it is ready.`,
    );
  }
  const { alive, ready: isReady, draining, checks } = record('body' in ended ? parseJson(ended.body) : undefined);
  if (!ready && alive === true) return `The gateway at ${url} lives.`;
  if (ready && isReady === true) return `The gateway at ${url} is ready.`;
  if (!ready || isReady !== false) throw new CommandFailed(`what answers at ${url} is not a pushgate. Is another program listening there?`);
  const failing = records(checks).flatMap(({ name, ok }) => (ok === true ? [] : [String(name)]));
  throw new CommandFailed(
    `the gateway at ${url} is not ready: ${[...(draining === true ? ['it is stopping'] : []), ...failing].join(', ')}.`,
  );
}
