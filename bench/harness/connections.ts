import { connect, type Socket } from 'node:net';

/**
 * The result of a run of requests. `latencies` are milliseconds, in the order of the replies; `bad` is the first
 * unexpected reply.
 */
export type Run = { count: number; seconds: number; latencies: Float64Array; replies: string[]; bad: string | undefined };

/** The requests of a client, and the check for a good reply. `keep`: keep the bodies of the replies. */
export type Requests = { bytes: readonly Buffer[]; isGood(body: string): boolean; keep?: boolean };

/**
 * Kept-alive connections to one server, each with one request at a time. The client does little: requests are prepared,
 * and replies are hardly parsed.
 */
export type Connections = { run(requests: Requests): Promise<Run>; close(): void };

type Lane = { socket: Socket; text: string; answered: ((reply: string) => void) | undefined };

/** Opens this many connections to a server on this machine. */
export async function openConnections(port: number, parallel: number): Promise<Connections> {
  let lanes = await Promise.all(Array.from({ length: parallel }, () => openLane(port)));
  return {
    async run({ bytes, isGood, keep = false }) {
      // A server closes connections that were idle for long.
      lanes = await Promise.all(lanes.map((lane) => (lane.socket.destroyed ? openLane(port) : lane)));
      const latencies = new Float64Array(bytes.length);
      const replies: string[] = [];
      let [next, done] = [0, 0];
      let bad: string | undefined;
      const begun = performance.now();
      const work = async (lane: Lane): Promise<void> => {
        for (let at = next++; at < bytes.length; at = next++) {
          const sent = performance.now();
          const reply = await ask(lane, bytes[at] ?? Buffer.alloc(0));
          latencies[done++] = performance.now() - sent;
          if (bad === undefined && !isGood(reply)) bad = reply;
          if (keep) replies[at] = reply;
        }
      };
      await Promise.all(lanes.map(work));
      return { count: bytes.length, seconds: (performance.now() - begun) / 1000, latencies, replies, bad };
    },
    close() {
      for (const { socket } of lanes) socket.destroy();
    },
  };
}

/** An HTTP/1.1 request as bytes. */
export function requestBytes(
  method: 'GET' | 'POST',
  path: string,
  { body = '', headers = {} }: { body?: string; headers?: Record<string, string> } = {},
): Buffer {
  const type = body.startsWith('{') ? 'application/json' : 'application/x-www-form-urlencoded';
  const ofBody = method === 'POST' ? { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) } : {};
  const lines = Object.entries({ host: '127.0.0.1', ...ofBody, ...headers }).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from(`${[`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n')}${body}`);
}

/** The same with a form. */
export const formBytes = (path: string, form: Record<string, string>, headers: Record<string, string> = {}): Buffer =>
  requestBytes('POST', path, { body: new URLSearchParams(form).toString(), headers });

const closed = 'the connection was closed';

function ask(lane: Lane, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    if (lane.socket.destroyed) return resolve(closed);
    lane.answered = resolve;
    lane.socket.write(bytes);
  });
}

function openLane(port: number): Promise<Lane> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(lane));
    const lane: Lane = { socket, text: '', answered: undefined };
    socket.setEncoding('utf8');
    socket.on('end', () => socket.destroy());
    socket.on('data', (text: string) => {
      lane.text = lane.text === '' ? text : lane.text + text;
      const reply = wholeReply(lane.text);
      if (reply === undefined) return;
      lane.text = '';
      lane.answered?.(reply);
    });
    socket.on('error', reject);
    socket.on('close', () => lane.answered?.(closed));
  });
}

/** Status and body of a reply; undefined while it is incomplete. */
function wholeReply(text: string): string | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1];
  const body = text.slice(end + 4);
  if (length !== undefined && Buffer.byteLength(body) < Number(length)) return undefined;
  return `${text.slice(9, 12)} ${body}`;
}
