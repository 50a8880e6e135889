import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { ok, type Result, refused } from '../model/index.ts';
import { exchangeSpan } from './exchange-span.ts';
import type { HttpReply, WireOptions } from './http.ts';
import { connectHttp2 } from './http2-connect.ts';
import { nodeHttp2 } from './node-http.ts';
import { type WireError, wireErrorOf } from './wire-error.ts';

/** One call on the connection. `signal` is its deadline; when it fires, the stream is cancelled. */
export type Http2Call = { method: 'GET' | 'POST'; path: string; headers?: Record<string, string>; body?: string; signal: AbortSignal };

/** HTTP/2 to one origin over one persistent connection, replaced when it is lost or the server sends GOAWAY. */
export type Http2 = {
  /**
   * Sends once. A stream that the server did not process (above GOAWAY's last stream, or REFUSED_STREAM) is sent again
   * once, on a fresh connection; a stream that it may have processed only with `resend`.
   */
  request(call: Http2Call): Promise<Result<HttpReply, WireError>>;
  /** Waits for the streams under way, then closes. Later calls end with `connection`. */
  close(): Promise<void>;
};

const maxReplyBytes = 1_048_576;
const pingEveryMs = 30_000;
const pingLimitMs = 5_000;

type Ended = { kind: 'reply'; reply: HttpReply } | { kind: 'unseen' } | { kind: 'error'; error: WireError };

const isLost = (ended: Ended): boolean => ended.kind === 'error' && ended.error === 'connection';

/** A connection; `holding` keeps the process alive until the given work has ended. */
type Line = { session: ClientHttp2Session; holding<T>(work: Promise<T>): Promise<T> };

/** Opens the transport; it connects at the first call. */
export function openHttp2(origin: string, options: WireOptions): Http2 {
  let closed = false;
  const closing = new AbortController();
  const underWay = new Set<Promise<unknown>>();
  const lines = openLines(origin, options, closing.signal);
  const once = async (call: Http2Call): Promise<Ended> => {
    const used = lines.take();
    try {
      const { session, holding } = await abortable(used, call.signal);
      const ended = await holding(exchange(session, origin, call));
      if (isLost(ended)) {
        lines.leave(used);
        // Other streams on it may finish.
        session.close();
      }
      return ended;
    } catch (error) {
      const end = wireErrorOf(error, call.signal);
      if (!end) throw error;
      return { kind: 'error', error: end };
    }
  };
  const send = async (call: Http2Call): Promise<Result<HttpReply, WireError>> => {
    if (closed) return refused('connection');
    const first = await once(call);
    const last = first.kind === 'unseen' || (options.resend && isLost(first)) ? await once(call) : first;
    if (last.kind === 'reply') return ok(last.reply);
    return refused(last.kind === 'unseen' ? 'connection' : last.error);
  };
  return {
    request(call) {
      const sent = exchangeSpan(
        call.method,
        () => origin,
        () => send(call),
      ).finally(() => underWay.delete(sent));
      underWay.add(sent);
      return sent;
    },
    async close() {
      closed = true;
      await Promise.allSettled(underWay);
      // No call waits any more for a connection attempt in progress.
      closing.abort();
      const opened = await lines.current()?.catch(() => undefined);
      opened?.session.close();
    },
  };
}

/** The shared connection: `take` returns it or makes one; `leave` makes the next call use a fresh one. */
function openLines(origin: string, options: WireOptions, givenUp: AbortSignal) {
  let current: Promise<Line> | undefined;
  // An old connection may end long after its replacement was made.
  const leave = (used: Promise<Line>): void => {
    if (current === used) current = undefined;
  };
  const take = (): Promise<Line> => {
    if (current) return current;
    const connecting = connectHttp2(origin, options, givenUp).then((opened) => {
      const forget = (): void => leave(connecting);
      opened.once('goaway', forget).once('close', forget).once('error', forget);
      // Every stream adds a GOAWAY listener.
      opened.setMaxListeners(0);
      keepAlive(opened);
      return lineOf(opened);
    });
    connecting.catch(() => leave(connecting));
    current = connecting;
    return connecting;
  };
  return { take, leave, current: () => current };
}

/** A pending reply keeps the process alive; an idle connection does not. */
function lineOf(session: ClientHttp2Session): Line {
  let underWay = 0;
  session.unref();
  return {
    session,
    // Counts calls, not streams: a stream given up in the queue only closes when its turn comes.
    async holding(work) {
      underWay += 1;
      session.ref();
      try {
        return await work;
      } finally {
        underWay -= 1;
        if (underWay === 0) session.unref();
      }
    },
  };
}

/** Rejects at the abort; the work continues for other callers. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function exchange(session: ClientHttp2Session, origin: string, { method, path, headers, body, signal }: Http2Call): Promise<Ended> {
  if (signal.aborted) return Promise.reject(signal.reason);
  if (session.closed || session.destroyed) return Promise.resolve({ kind: 'unseen' });
  const { constants } = nodeHttp2();
  const stream = session.request({ ':method': method, ':path': path, ':authority': new URL(origin).host, ...headers });
  return new Promise((resolve, reject) => {
    let head: IncomingHttpHeaders & { ':status'?: number | undefined } = {};
    let text = '';
    let lastSeen = Number.POSITIVE_INFINITY;
    const onAbort = (): void => {
      stream.close(constants.NGHTTP2_CANCEL);
      // A queued stream only closes when its turn comes, so do not wait for that.
      reject(signal.reason);
    };
    const onGoaway = (_code: number, lastStreamId: number): void => {
      lastSeen = lastStreamId;
      // The server ignores this stream; without this it would wait for ever.
      if ((stream.id ?? 0) > lastSeen) stream.close(constants.NGHTTP2_CANCEL);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    session.on('goaway', onGoaway);
    stream.setEncoding('utf8');
    stream.on('response', (received) => {
      head = received;
    });
    stream.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > maxReplyBytes) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    });
    let failure: unknown;
    stream.on('error', (error) => {
      failure = error;
    });
    stream.once('close', () => {
      signal.removeEventListener('abort', onAbort);
      session.off('goaway', onGoaway);
      const status = head[':status'];
      const wasSeen = stream.rstCode !== constants.NGHTTP2_REFUSED_STREAM && (stream.id ?? 0) <= lastSeen;
      if (signal.aborted) reject(signal.reason);
      else if (text.length > maxReplyBytes) resolve({ kind: 'error', error: 'garbage' });
      else if (status !== undefined && isWhole(stream))
        resolve({ kind: 'reply', reply: { status, reason: '', headers: flat(head), body: text } });
      else if (!wasSeen) resolve({ kind: 'unseen' });
      else resolve({ kind: 'error', error: wireErrorOf(failure, signal) ?? 'connection' });
    });
    stream.end(body);
  });
}

const isWhole = (stream: ClientHttp2Stream): boolean => stream.rstCode === nodeHttp2().constants.NGHTTP2_NO_ERROR && !stream.aborted;

/** Detects a dead peer by unanswered pings. */
function keepAlive(session: ClientHttp2Session): void {
  const timer = setInterval(() => {
    const late = setTimeout(() => session.destroy(), pingLimitMs).unref();
    if (!session.destroyed) session.ping(() => clearTimeout(late));
  }, pingEveryMs).unref();
  session.once('close', () => clearInterval(timer));
}

function flat(headers: IncomingHttpHeaders): Record<string, string> {
  const named = Object.entries(headers).filter(([name]) => !name.startsWith(':'));
  return Object.fromEntries(named.map(([name, value]) => [name, [value ?? []].flat().join(', ')]));
}
