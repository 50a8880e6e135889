import type { WireError } from '../../src/foundation/wire/index.ts';

/** An error as the system, Node or a library throws it, and its meaning. */
export type ErrorShape = { title: string; error: unknown; means: WireError };

const withCode = (code: string, more: object = {}): Error => Object.assign(new Error(`write ${code}`), { code, ...more });

const codes: Record<string, WireError> = {
  EPIPE: 'connection',
  ECONNRESET: 'connection',
  ECONNREFUSED: 'connection',
  ECONNABORTED: 'connection',
  EHOSTUNREACH: 'connection',
  ENETUNREACH: 'connection',
  ENOTFOUND: 'connection',
  EAI_AGAIN: 'connection',
  ETIMEDOUT: 'timeout',
  ERR_STREAM_DESTROYED: 'connection',
  ERR_SOCKET_CLOSED: 'connection',
  ERR_HTTP2_GOAWAY_SESSION: 'connection',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'timeout',
  UND_ERR_SOCKET: 'connection',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_ABORTED: 'connection',
};

const bare: ErrorShape[] = [
  ...Object.entries(codes).map(([code, means]) => ({ title: code, error: withCode(code), means })),
  { title: 'a firewall that refuses', error: withCode('EPERM', { syscall: 'connect' }), means: 'connection' },
  { title: 'no socket to be had', error: withCode('EMFILE', { syscall: 'connect' }), means: 'connection' },
  { title: 'a time limit', error: new DOMException('too late', 'TimeoutError'), means: 'timeout' },
  { title: "an abort that is not the caller's", error: new DOMException('given up', 'AbortError'), means: 'connection' },
  { title: 'an error of no class', error: { code: 'EPIPE' }, means: 'connection' },
];

/** Ways in which one error wraps another. */
const nestings: [title: string, nest: (error: unknown) => unknown][] = [
  ['bare', (error) => error],
  ['as a cause', (error) => new Error('failed', { cause: error })],
  ['as a cause of a cause', (error) => new TypeError('failed', { cause: new Error('failed', { cause: error }) })],
  ['among several', (error) => new AggregateError([new Error('another'), error], 'all failed')],
  ['among several, as a cause', (error) => new Error('failed', { cause: new AggregateError([error]) })],
];

/** Outages in all shapes: code or name × nesting. None is an instance of a library's class. */
export const outages: readonly ErrorShape[] = nestings.flatMap(([how, nest]) =>
  bare.map(({ title, error, means }) => ({ title: `${title}, ${how}`, error: nest(error), means })),
);

/** One outage in each nesting: for expensive tests. */
export const someOutages: readonly ErrorShape[] = outages.filter(({ title }) => title.startsWith('EPIPE, '));

const circle = new Error('circle');
circle.cause = new AggregateError([circle]);

/** Programming errors, which no classifier may take for an outage. */
export const defects: readonly { title: string; error: unknown }[] = [
  { title: 'a TypeError', error: new TypeError('x is not a function') },
  { title: 'a file that is missing', error: withCode('ENOENT', { syscall: 'open' }) },
  { title: 'a file that may not be read', error: withCode('EACCES', { syscall: 'open' }) },
  { title: 'a port that is none', error: withCode('ERR_SOCKET_BAD_PORT') },
  { title: 'a URL that is none', error: withCode('ERR_INVALID_URL') },
  { title: 'an error that causes itself', error: circle },
  { title: 'nothing', error: undefined },
  { title: 'a text', error: 'EPIPE' },
];
