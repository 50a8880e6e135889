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

// A health check runs every few seconds. To stay fast, this file reads only the listen addresses from the configuration
// and loads no schema.
const limitMs = 3000;
const mostBytes = 65_536;

/** `pushgate health`: asks the running gateway for liveness or, with `--ready`, for readiness. */
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

/**
 * One listener: its URL on this machine, with the path of its `ops` mount if it has one. `needsCertificate`: it replies
 * only to clients with a certificate.
 */
type Place = { url: string; servesOps: boolean; needsCertificate: boolean };

/** The listeners of a configuration file. Throws `CommandFailed` if the file names none. */
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

/** The listener that can report most. */
function bestPlace(places: readonly Place[], file: string): Place {
  const open = places.filter(({ needsCertificate }) => !needsCertificate);
  const best = open.find(({ servesOps }) => servesOps) ?? places.find(({ servesOps }) => servesOps) ?? open[0] ?? places[0];
  if (best && URL.canParse(best.url)) return best;
  throw new CommandFailed(`${file} does not say where the gateway listens; try it with: npx pushgate check-config ${file}`);
}

/** The result of a request: a reply; or a problem, with or without a finished TLS handshake. */
type Ended = { status: number; body: string } | { problem: string; handshake: boolean };

/** Sends one request. It does not check the certificate, which names the host that clients use, and sends no secret. */
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

/** The sentence for a healthy gateway. Throws `CommandFailed` with a sentence for any other. */
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
