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
 * Whom to trust and how long a connection may take: `ca` is PEM and replaces the system's authorities, `verifyTls: false` takes any
 * certificate (development, or a phone that was told so). `connectTimeoutMs` covers the TLS handshake and is coarse, up to a second late.
 */
export type WireOptions = {
  ca?: string | undefined;
  verifyTls?: boolean | undefined;
  connectTimeoutMs?: number | undefined;
  /** PEM of the certificate (with its chain) and the key that prove who we are: mutual TLS. */
  clientCertificate?: { certificate: string; key: string } | undefined;
  /** `http://` or `https://` proxy that is asked to CONNECT; a user and password in it are sent to the proxy only. */
  proxy?: string | undefined;
  /** Tell the far side which trace a call belongs to (`traceparent`), while traces are on: for servers of the operator's own. */
  passTrace?: boolean | undefined;
  /**
   * Send a request whose connection failed (refused, reset, cut off) once more, on a fresh connection and within its deadline. Only for far
   * sides where the same request twice does no harm.
   */
  resend?: boolean | undefined;
};

/** The same for targets that somebody else chose. A proxy would look names up out of our sight, so there is none. */
export type PublicWireOptions = Omit<WireOptions, 'proxy'> & {
  /** Connect to public addresses only, judged when a connection is made; any other target ends with `forbidden`. */
  publicTargetsOnly: true;
};

/** One call. `signal` is its deadline (`AbortSignal.timeout`), which counts until the last byte of the reply. */
export type HttpCall = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array | undefined;
  signal?: AbortSignal;
};

/** What came back, whatever its status. Header names are lower case; repeated headers are joined by `, `. `reason` is the status line's phrase. */
export type HttpReply = { status: number; reason: string; headers: Record<string, string>; body: string };

/** HTTP out. `Refusal` is what may come besides the ends that any call can have. */
export type Http<Refusal extends string = never> = {
  /** Sends once, unless `resend` is set; no redirect is followed. A reply of any status is a good end; replies over 1 MiB are `garbage`. */
  request(call: HttpCall): Promise<Result<HttpReply, WireError | Refusal>>;
  /** Waits for the calls under way, then closes all connections. Later calls end with `connection`. */
  close(): Promise<void>;
};

type AnyOptions = WireOptions & { publicTargetsOnly?: boolean };

const maxReplyBytes = 1_048_576;
// Only for callers without a signal: a far side that stalls must not hold a call for ever.
const stalledMs = 60_000;

/** Opens a pool of kept-open connections to targets that somebody else chose. */
export function openHttp(options: PublicWireOptions): Http<'forbidden'>;
/** The same for targets that the operator chose. */
export function openHttp(options: WireOptions): Http;
/** HTTP/1.1 only: HTTP/2 has a transport of its own. */
export function openHttp(options: AnyOptions): Http<'forbidden'> {
  refuseWrong(options);
  undici.soon();
  let pool: Dispatcher | undefined;
  const resent = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;
  const sendOver = async (
    dispatcher: Dispatcher,
    { url, body, headers, ...rest }: HttpCall,
  ): Promise<Result<HttpReply, WireError | 'forbidden'>> => {
    try {
      const more = options.passTrace ? traceHeaders() : {};
      const reply = await undici().request(url, { dispatcher, body: body ?? null, headers: { ...headers, ...more }, ...rest });
      return ok({ status: reply.statusCode, reason: reply.statusText, headers: flat(reply.headers), body: await reply.body.text() });
    } catch (error) {
      if (error instanceof TargetRefused) return refused('forbidden');
      const end = wireErrorOf(error, rest.signal);
      if (!end) throw error;
      return refused(end);
    }
  };
  const send = async (call: HttpCall): Promise<Result<HttpReply, WireError | 'forbidden'>> => {
    if (closing) return refused('connection');
    pool ??= dispatcherOf(options);
    const first = await sendOver(pool, call);
    if (!options.resend || closing || first.ok || first.error !== 'connection') return first;
    // Other connections of the pool may be as stale as this one was.
    const fresh = dispatcherOf(options);
    const second = sendOver(fresh, call).finally(() => fresh.close());
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

/** What is wrong with the settings is told when they are read, not by the first call. */
function refuseWrong({ publicTargetsOnly, proxy, ca, clientCertificate }: AnyOptions): void {
  if (publicTargetsOnly && proxy !== undefined) throw new Error('behind a proxy no target can be judged');
  if (ca !== undefined || clientCertificate) secureContextOf({ ca, clientCertificate });
}

function dispatcherOf({ publicTargetsOnly, proxy, ...options }: AnyOptions): Dispatcher {
  const limits = { allowH2: false, maxResponseSize: maxReplyBytes, headersTimeout: stalledMs, bodyTimeout: stalledMs };
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
