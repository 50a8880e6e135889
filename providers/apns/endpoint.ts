import type { Http2 } from '../../src/delivery/provider-kit/index.ts';
import type { Message } from './message.ts';
import { type Answered, answerOf } from './outcomes.ts';
import type { TokenSource } from './provider-token.ts';

/** One environment of APNs. */
export type Endpoint = {
  host: string;
  /** Sends a message; sends it again when the connection had been idle for too long. */
  send(message: Message, signal: AbortSignal): Promise<Answered>;
  close(): Promise<void>;
};

/** How to reach an environment: `connect` opens a transport; `tokens` are absent with a certificate. */
export type EndpointOptions = { host: string; connect: () => Http2; tokens: TokenSource | undefined; clock: () => number };

type Connection = { http2: Http2; hasAnswered: boolean };

/**
 * Opens an environment. All messages share one connection, which is replaced when it is worn. After a timeout nothing
 * is sent again, since the budget is used up, but the next push gets a fresh connection.
 */
export function openEndpoint({ host, connect, tokens, clock }: EndpointOptions): Endpoint {
  const open = (): Connection => ({ http2: connect(), hasAnswered: false });
  const leaving = new Set<Promise<void>>();
  let current = open();
  let closing: Promise<unknown> | undefined;
  const leave = (worn: Connection): void => {
    // Many streams end with one connection: only the first opens a new one.
    if (worn !== current || closing) return;
    current = open();
    const gone = worn.http2.close().finally(() => leaving.delete(gone));
    leaving.add(gone);
  };
  const once = async (message: Message, token: string | undefined, signal: AbortSignal): Promise<Answered> => {
    const used = current;
    const headers = token === undefined ? message.headers : { ...message.headers, authorization: `bearer ${token}` };
    const reply = await used.http2.request({ method: 'POST', path: message.path, headers, body: message.body, signal });
    const answered: Answered = reply.ok ? { ok: true, value: answerOf(reply.value) } : reply;
    if (isWorn(answered, used)) leave(used);
    used.hasAnswered ||= answered.ok;
    return answered;
  };
  return {
    host,
    async send(message, signal) {
      const token = tokens?.current(clock());
      const first = await once(message, token, signal);
      return reasonOf(first) === 'IdleTimeout' && !signal.aborted ? once(message, token, signal) : first;
    },
    async close() {
      closing ??= Promise.all([current.http2.close(), ...leaving]);
      await closing;
    },
  };
}

const reasonOf = (answered: Answered): string | undefined => (answered.ok ? answered.value.reason : undefined);

/**
 * Whether to replace the connection. A connection without any reply yet may still be connecting, so it is not replaced
 * for being slow.
 */
function isWorn(answered: Answered, { hasAnswered }: Connection): boolean {
  if (answered.ok)
    return answered.value.status >= 500 || reasonOf(answered) === 'IdleTimeout' || reasonOf(answered) === 'InvalidProviderToken';
  return answered.error === 'timeout' && hasAnswered;
}
