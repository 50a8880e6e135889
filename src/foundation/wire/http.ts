import type { Dispatcher } from 'undici';
import { ok, type Result, refused } from '../model/index.ts';
import { traceHeaders } from '../telemetry/spans.ts';
import { exchangeSpan } from './exchange-span.ts';
import { proxyAuthorization } from './proxy.ts';
import { publicConnector, TargetRefused } from './public-targets.ts';
import { secureContextOf } from './secure-context.ts';
import { undici } from './undici.ts';
import { type WireError, wireErrorOf } from './wire-error.ts';

/**
 * Trust and time limit of connections. `ca` is PEM and replaces the system's authorities; `verifyTls: false` accepts
 * any certificate (development, or a virtual phone with that option). `connectTimeoutMs` includes the TLS handshake and
 * may be up to a second late.
 */
export type WireOptions = {
  ca?: string | undefined;
  verifyTls?: boolean | undefined;
  connectTimeoutMs?: number | undefined;
  /** PEM of our certificate (with its chain) and key, for mutual TLS. */
  clientCertificate?: { certificate: string; key: string } | undefined;
  /** `http://` or `https://` proxy for CONNECT; a user and password in it are sent to the proxy only. */
  proxy?: string | undefined;
  /** Send the trace id (`traceparent`) while tracing is on: for the operator's own servers. */
  passTrace?: boolean | undefined;
  /**
   * Resend a request once on a fresh connection, within its deadline, when the connection failed (refused, reset, cut
   * off). Only for servers where a duplicate does no harm.
   */
  resend?: boolean | undefined;
};

/** The same for targets chosen by others. There is no proxy: it would resolve names itself, unchecked. */
export type PublicWireOptions = Omit<WireOptions, 'proxy'> & {
  /** Connect to public addresses only, checked at connection time; any other target ends with `forbidden`. */
  publicTargetsOnly: true;
};

/** One call. `signal` is its deadline (`AbortSignal.timeout`), up to the last byte of the reply. */
export type HttpCall = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array | undefined;
  signal?: AbortSignal;
};

/**
 * A reply of any status. Header names are lower case; repeated headers are joined by `, `. `reason` is the reason
 * phrase.
 */
export type HttpReply = { status: number; reason: string; headers: Record<string, string>; body: string };

/** An HTTP client. `Refusal` adds an error to those of any call. */
export type Http<Refusal extends string = never> = {
  /**
   * Sends once, unless `resend` is set; follows no redirect. Any HTTP status is a successful call; replies over 1 MiB
   * are `garbage`.
   */
  request(call: HttpCall): Promise<Result<HttpReply, WireError | Refusal>>;
  /** Waits for the calls under way, then closes all connections. Later calls end with `connection`. */
  close(): Promise<void>;
};

type AnyOptions = WireOptions & { publicTargetsOnly?: boolean };

const maxReplyBytes = 1_048_576;
// Only for calls without a signal, so that a stalled server cannot hold one for ever.
const stalledMs = 60_000;
const replyLimits = { maxResponseSize: maxReplyBytes, headersTimeout: stalledMs, bodyTimeout: stalledMs };

/** Why no reply came. Without `sent`, no connection was made: the server has seen nothing of the request. */
export type OnceError = { error: WireError; sent: boolean };

/**
 * Sends one request over a connection of its own, at most once, and says whether it can have been sent. For requests
 * that must not arrive twice.
 */
export async function sendOnce(options: Omit<WireOptions, 'proxy' | 'resend'>, call: HttpCall): Promise<Result<HttpReply, OnceError>> {
  refuseWrong(options);
  const { Agent, buildConnector } = undici();
  const connect = buildConnector({ ...tlsOf(options), allowH2: false });
  let sent = false;
  const connector: typeof connect = (target, done) =>
    connect(target, (...result) => {
      sent ||= result[0] === null;
      done(...result);
    });
  const agent = new Agent({ ...replyLimits, connect: connector, connections: 1, pipelining: 0 });
  try {
    const reply = await exchangeSpan(
      call.method,
      () => call.url,
      () => sendOver(agent, options, call),
    );
    if (reply.ok) return reply;
    return refused({ error: reply.error === 'forbidden' ? 'connection' : reply.error, sent });
  } finally {
    await agent.destroy();
  }
}

/** Opens a connection pool for targets chosen by others. */
export function openHttp(options: PublicWireOptions): Http<'forbidden'>;
/** Opens a connection pool for targets chosen by the operator. */
export function openHttp(options: WireOptions): Http;
/** HTTP/1.1 only: HTTP/2 has its own transport. */
export function openHttp(options: AnyOptions): Http<'forbidden'> {
  refuseWrong(options);
  undici.soon();
  let pool: Dispatcher | undefined;
  const resent = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;
  const send = async (call: HttpCall): Promise<Result<HttpReply, WireError | 'forbidden'>> => {
    if (closing) return refused('connection');
    pool ??= dispatcherOf(options);
    const first = await sendOver(pool, options, call);
    if (!options.resend || closing || first.ok || first.error !== 'connection') return first;
    // Other connections of the pool may be stale, too.
    const fresh = dispatcherOf(options);
    const second = sendOver(fresh, options, call).finally(() => fresh.close());
    resent.add(second);
    return second.finally(() => resent.delete(second));
  };
  return {
    request: (call) =>
      exchangeSpan(
        call.method,
        () => call.url,
        () => send(call),
      ),
    close() {
      closing ??= Promise.allSettled([pool?.close(), ...resent]).then(() => undefined);
      return closing;
    },
  };
}

async function sendOver(
  dispatcher: Dispatcher,
  { passTrace }: Pick<WireOptions, 'passTrace'>,
  { url, body, headers, ...rest }: HttpCall,
): Promise<Result<HttpReply, WireError | 'forbidden'>> {
  try {
    const more = passTrace ? traceHeaders() : {};
    const reply = await undici().request(url, { dispatcher, body: body ?? null, headers: { ...headers, ...more }, ...rest });
    return ok({ status: reply.statusCode, reason: reply.statusText, headers: flat(reply.headers), body: await reply.body.text() });
  } catch (error) {
    if (error instanceof TargetRefused) return refused('forbidden');
    const end = wireErrorOf(error, rest.signal);
    if (!end) throw error;
    return refused(end);
  }
}

/** Bad settings fail on opening, not on the first call. */
function refuseWrong({ publicTargetsOnly, proxy, ca, clientCertificate }: AnyOptions): void {
  if (publicTargetsOnly && proxy !== undefined) throw new Error('behind a proxy no target can be judged');
  if (ca !== undefined || clientCertificate) secureContextOf({ ca, clientCertificate });
}

function dispatcherOf({ publicTargetsOnly, proxy, ...options }: AnyOptions): Dispatcher {
  const limits = { ...replyLimits, allowH2: false };
  const tls = tlsOf(options);
  const { Agent, ProxyAgent } = undici();
  if (proxy === undefined) return new Agent({ ...limits, connect: publicTargetsOnly ? publicConnector({ ...tls, allowH2: false }) : tls });
  const token = proxyAuthorization(proxy);
  return new ProxyAgent({ ...limits, uri: new URL(proxy).origin, ...(token !== undefined && { token }), requestTls: tls });
}

function tlsOf({ ca, verifyTls = true, connectTimeoutMs = 10_000, clientCertificate }: WireOptions) {
  return { secureContext: secureContextOf({ ca, clientCertificate }), rejectUnauthorized: verifyTls, timeout: connectTimeoutMs };
}

const flat = (headers: Record<string, string | string[] | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? []].flat().join(', ')]));
