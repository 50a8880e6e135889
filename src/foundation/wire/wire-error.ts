/**
 * Why no reply came: the deadline passed, no connection (refused, reset, unknown host, cut off), no trust or no TLS, something that is not
 * HTTP or too long, or the caller gave up.
 */
export type WireError = 'timeout' | 'connection' | 'tls' | 'garbage' | 'aborted';

const byCode = new Map<string, WireError>([
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'timeout'],
  ['ETIMEDOUT', 'timeout'],
  ['UND_ERR_ABORTED', 'aborted'],
  ['UND_ERR_SOCKET', 'connection'],
  ['UND_ERR_INFO', 'connection'],
  ['UND_ERR_CLOSED', 'connection'],
  ['UND_ERR_DESTROYED', 'connection'],
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

// OpenSSL, Node's TLS and the system have families of codes; these are their beginnings.
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
];

/**
 * Which expected end an exception of the HTTP client is; `undefined` where it is none (a defect of ours, to be thrown on). A signal that
 * fired explains the exception before its code does.
 */
export function wireErrorOf(error: unknown, signal: AbortSignal | undefined): WireError | undefined {
  if (signal?.aborted) return isTimeout(signal.reason) ? 'timeout' : 'aborted';
  if (!(error instanceof Error)) return undefined;
  // The parser's errors come without a code.
  if (error.name === 'HTTPParserError') return 'garbage';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return byCode.get(code) ?? byFamily.find(([start]) => code.startsWith(start))?.[1];
}

const isTimeout = (reason: unknown): boolean => reason instanceof DOMException && reason.name === 'TimeoutError';
