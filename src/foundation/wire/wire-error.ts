/**
 * Why no reply came: the deadline passed, no connection (refused, reset, unknown host, cut off), no trust or no TLS, a
 * reply that is not HTTP or too long, or the caller gave up.
 */
export type WireError = 'timeout' | 'connection' | 'tls' | 'garbage' | 'aborted';

const byCode = new Map<string, WireError>([
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'timeout'],
  ['ETIMEDOUT', 'timeout'],
  ['ESOCKETTIMEDOUT', 'timeout'],
  ['ERR_TLS_HANDSHAKE_TIMEOUT', 'timeout'],
  ['ERR_SOCKET_CONNECTION_TIMEOUT', 'timeout'],
  // When no signal fired, the caller did not give up: a proxy refused, or the connection was dropped.
  ['UND_ERR_ABORTED', 'connection'],
  ['ABORT_ERR', 'connection'],
  ['UND_ERR_SOCKET', 'connection'],
  ['UND_ERR_INFO', 'connection'],
  ['UND_ERR_CLOSED', 'connection'],
  ['UND_ERR_DESTROYED', 'connection'],
  ['ERR_SOCKET_CLOSED', 'connection'],
  ['ERR_SOCKET_CLOSED_BEFORE_CONNECTION', 'connection'],
  ['ERR_SOCKET_DGRAM_NOT_CONNECTED', 'connection'],
  ['ERR_SOCKET_DGRAM_NOT_RUNNING', 'connection'],
  ['ERR_STREAM_DESTROYED', 'connection'],
  ['ERR_STREAM_PREMATURE_CLOSE', 'connection'],
  ['ERR_STREAM_WRITE_AFTER_END', 'connection'],
  ['ERR_HTTP2_INVALID_SESSION', 'connection'],
  ['ERR_HTTP2_INVALID_STREAM', 'connection'],
  ['ERR_HTTP2_GOAWAY_SESSION', 'connection'],
  ['ERR_HTTP2_OUT_OF_STREAMS', 'connection'],
  ['ERR_HTTP2_SESSION_ERROR', 'connection'],
  ['ERR_HTTP2_STREAM_ERROR', 'connection'],
  ['ERR_HTTP2_STREAM_CANCEL', 'connection'],
  ['ERR_HTTP2_PING_CANCEL', 'connection'],
  ['ERR_HTTP2_ERROR', 'garbage'],
  ['ENOTCONN', 'connection'],
  ['ESHUTDOWN', 'connection'],
  ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'garbage'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'garbage'],
  ['UND_ERR_HEADERS_OVERFLOW', 'garbage'],
  ['EPROTO', 'tls'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls'],
  ['HOSTNAME_MISMATCH', 'tls'],
  ['INVALID_CA', 'tls'],
  ['INVALID_PURPOSE', 'tls'],
]);

// Prefixes of the codes of OpenSSL, Node's TLS and the system.
const byFamily: readonly (readonly [string, WireError])[] = [
  ['ERR_TLS_', 'tls'],
  ['ERR_SSL_', 'tls'],
  ['CERT_', 'tls'],
  ['CRL_', 'tls'],
  ['UNABLE_TO_', 'tls'],
  ['ECONN', 'connection'],
  ['EHOST', 'connection'],
  ['ENET', 'connection'],
  ['EAI_', 'connection'],
  ['EADDR', 'connection'],
  ['ENOTFOUND', 'connection'],
  ['EPIPE', 'connection'],
  ['HPE_', 'garbage'],
];

const byName = new Map<string, WireError>([
  // The parser's errors have no code; those of signals have a number.
  ['HTTPParserError', 'garbage'],
  ['TimeoutError', 'timeout'],
  ['AbortError', 'connection'],
]);

/**
 * Classifies an exception, of any class: by its own code or name, else by those of its causes. Undefined for any other
 * exception, a defect that the caller rethrows. A signal that fired takes precedence over the exception's code.
 */
export function wireErrorOf(error: unknown, signal: AbortSignal | undefined): WireError | undefined {
  if (signal?.aborted) return isTimeout(signal.reason) ? 'timeout' : 'aborted';
  for (const each of causesOf(error)) {
    const end = endOf(each);
    if (end) return end;
  }
  return undefined;
}

/** An exception, its causes, and its parts (`AggregateError`), nearest first; each once. */
export function causesOf(error: unknown): readonly object[] {
  const found = new Set<object>();
  const waiting = [error];
  for (const each of waiting) {
    if (typeof each !== 'object' || each === null || found.has(each)) continue;
    found.add(each);
    if ('cause' in each) waiting.push(each.cause);
    if ('errors' in each && Array.isArray(each.errors)) waiting.push(...each.errors);
  }
  return [...found];
}

function endOf(error: object): WireError | undefined {
  const [code, name, syscall] = [textOf(error, 'code'), textOf(error, 'name'), textOf(error, 'syscall')];
  return (
    byCode.get(code) ??
    byFamily.find(([start]) => code.startsWith(start))?.[1] ??
    byName.get(name) ??
    // A firewall refuses with EPERM or EACCES, a machine without free sockets with EMFILE.
    (syscall === 'connect' ? 'connection' : undefined)
  );
}

function textOf(error: object, field: 'code' | 'name' | 'syscall'): string {
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'string' ? value : '';
}

const isTimeout = (reason: unknown): boolean => reason instanceof DOMException && reason.name === 'TimeoutError';
