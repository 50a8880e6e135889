import { randomBytes, randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import type { Clock } from '../model/index.ts';
import { socketHost } from './networks.ts';
import { type AccessReply, decodeReply, encodeRequest } from './radius-packet.ts';
import { openServerOrder } from './server-order.ts';
import { type WireError, wireErrorOf } from './wire-error.ts';

/** One RADIUS service: redundant servers, each `host`, `host:port` or `[IPv6]:port`, with one shared secret. */
export type RadiusOptions = {
  servers: readonly string[];
  secret: { reveal(): string };
  /** Wait for a reply before the same bytes are sent again, in ms. */
  timeoutMs: number;
  /** Number of repeats to one server. */
  retries: number;
  requireMessageAuthenticator: boolean;
  nasIdentifier: string;
  clock: Clock;
};

/** The result of a RADIUS exchange. `state` goes back with the answer to a challenge. Never throws. */
export type RadiusOutcome =
  | { kind: 'accept' | 'reject'; message: string }
  | { kind: 'challenge'; message: string; state: Buffer }
  | { kind: 'unavailable'; reason: WireError };

/** Checks passwords with RADIUS servers, by PAP. */
export type Radius = {
  /** An empty password, or one over 128 bytes, is rejected without asking. `signal` is the deadline for all tries. */
  authenticate(user: string, password: string, options?: { state?: Buffer; signal?: AbortSignal }): Promise<RadiusOutcome>;
};

const defaultPort = 1812;
const restMs = 30_000;

/** Makes a client. It holds nothing open: each exchange uses its own socket and port. @see RFC 2865 */
export function openRadius(options: RadiusOptions): Radius {
  const order = openServerOrder(options.servers, options.clock, restMs);
  return {
    async authenticate(user, password, { state, signal } = {}) {
      const id = randomInt(256);
      const request = encodeRequest(
        { id, authenticator: randomBytes(16), user, password, nasIdentifier: options.nasIdentifier, ...(state && { state }) },
        options.secret.reveal(),
      );
      if (!request || password === '') return { kind: 'reject', message: '' };
      // `ask` has a time limit of its own for each server.
      const outcome = await order.pass<RadiusOutcome>(Number.POSITIVE_INFINITY, async (server) => {
        if (signal?.aborted) return { outcome: givenUp(signal), server: 'unknown', isEnd: true };
        const asked = await ask(server, request, options, signal);
        if (asked.kind !== 'unavailable') return { outcome: asked, server: 'works', isEnd: true };
        return { outcome: asked, server: signal?.aborted ? 'unknown' : 'failed', isEnd: signal?.aborted ?? false };
      });
      return outcome ?? { kind: 'unavailable', reason: 'connection' };
    },
  };
}

const givenUp = (signal: AbortSignal): RadiusOutcome => ({ kind: 'unavailable', reason: wireErrorOf(undefined, signal) ?? 'aborted' });

async function ask(server: string, request: Buffer, options: RadiusOptions, signal: AbortSignal | undefined): Promise<RadiusOutcome> {
  // For all tries at this server; an unresolvable name and a silent server end alike.
  const limit = AbortSignal.timeout(options.timeoutMs * (options.retries + 1));
  const deadline = signal ? AbortSignal.any([signal, limit]) : limit;
  let socket: Socket | undefined;
  let repeating: NodeJS.Timeout | undefined;
  try {
    socket = await openSocket(server, deadline);
    const opened = socket;
    const send = (): void => opened.send(request);
    repeating = setInterval(send, options.timeoutMs);
    const reply = firstReply(opened, request, options, deadline);
    send();
    return outcomeOf(await reply);
  } catch (error) {
    return { kind: 'unavailable', reason: wireErrorOf(error, deadline) ?? 'connection' };
  } finally {
    clearInterval(repeating);
    socket?.close();
  }
}

/** A connected UDP socket: the system drops datagrams from other senders and reports a closed port. */
async function openSocket(server: string, signal: AbortSignal): Promise<Socket> {
  const url = new URL(`radius://${server}`);
  const { address, family } = await orAborted(lookup(socketHost(url)), signal);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  try {
    socket.connect(url.port === '' ? defaultPort : Number(url.port), address);
    await once(socket, 'connect', { signal });
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Waits for the first authentic reply and ignores any others. */
async function firstReply(socket: Socket, request: Buffer, options: RadiusOptions, signal: AbortSignal): Promise<AccessReply> {
  const { requireMessageAuthenticator } = options;
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    socket.on('error', reject).on('message', (datagram) => {
      const reply = decodeReply(datagram, { request, secret: options.secret.reveal(), requireMessageAuthenticator });
      if (reply) resolve(reply);
    });
  });
}

function outcomeOf({ kind, message, state }: AccessReply): RadiusOutcome {
  if (kind !== 'challenge') return { kind, message };
  return { kind, message, state: state ?? Buffer.alloc(0) };
}
