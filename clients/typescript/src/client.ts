import { readEvents } from './events.ts';
import { Problem, problemOf, Unreachable } from './problem.ts';
import type { Challenge, ConsumedChallenge, NewChallenge } from './types.ts';

/**
 * A gateway. `url` is that of its rest mount, without `/v1`; `key` is an API key. `fetch` may add a client certificate
 * or a proxy.
 */
export type PushgateOptions = {
  url: string;
  key?: string | undefined;
  timeoutMs?: number | undefined;
  fetch?: typeof fetch | undefined;
};

/** How a call may be ended early. */
export type CallOptions = { signal?: AbortSignal | undefined };

/** The calls of an application. Each rejects with `Problem` for a refusal, and with `Unreachable` without a whole reply. */
export type Pushgate = {
  /** Asks the phones of a user. With an idempotency key it may be sent again after `Unreachable`. */
  createChallenge(request: NewChallenge, options?: CallOptions & { idempotencyKey?: string | undefined }): Promise<Challenge>;
  /** The state of a challenge; with `waitSeconds` (at most 60), after its next change. */
  getChallenge(id: string, options?: CallOptions & { waitSeconds?: number | undefined }): Promise<Challenge>;
  /** The states of a challenge as they come, until the last one: by server-sent events, else by long polls. */
  watchChallenge(id: string, options?: CallOptions): AsyncGenerator<Challenge>;
  /** Waits until the phone has answered, a code is to be typed, or the challenge is over. */
  waitForChallenge(id: string, options?: CallOptions): Promise<Challenge>;
  /** Takes an accepted challenge. Resolves exactly once. */
  consumeChallenge(
    id: string,
    request?: { binding?: string | undefined; code?: string | undefined },
    options?: CallOptions,
  ): Promise<ConsumedChallenge>;
  /** Withdraws a challenge. */
  cancelChallenge(id: string, options?: CallOptions): Promise<Challenge>;
};

type Call = {
  method: 'GET' | 'POST';
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  limitMs: number;
};

const longPollSeconds = 25;
/** The gateway sends a comment every 15 seconds; a stream lives for 10 minutes. */
const streamMs = 660_000;

/** Sends the requests of a client. Resolves with the reply, and rejects if it is a refusal. */
function openCaller({ url, key, fetch: send = fetch }: PushgateOptions): (asked: Call) => Promise<Response> {
  const base = url.replace(/\/+$/, '');
  const authorization: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  return async ({ method, path, body, headers = {}, signal, limitMs }) => {
    const typed: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const limit = AbortSignal.timeout(limitMs);
    const reply = await send(`${base}${path}`, {
      method,
      headers: { accept: 'application/json', ...authorization, ...typed, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new Unreachable(error);
    });
    if (!reply.ok) throw await problemOf(reply);
    return reply;
  };
}

/** The replies of these requests as JSON, by default within this time. */
function readerOf(call: (asked: Call) => Promise<Response>, timeoutMs: number) {
  return async <T>(asked: Omit<Call, 'limitMs'> & { limitMs?: number }): Promise<T> => {
    const reply = await call({ limitMs: timeoutMs, ...asked });
    try {
      return (await reply.json()) as T;
    } catch (error) {
      asked.signal?.throwIfAborted();
      throw new Unreachable(error);
    }
  };
}

const at = (id: string, act = ''): string => `/v1/challenges/${encodeURIComponent(id)}${act}`;

/** A client for one gateway. It holds no connection and no state. */
export function openPushgate(options: PushgateOptions): Pushgate {
  const { timeoutMs = 10_000 } = options;
  const call = openCaller(options);
  const json = readerOf(call, timeoutMs);

  async function* streamed(id: string, signal: AbortSignal | undefined): AsyncGenerator<Challenge> {
    const asked = { method: 'GET', path: at(id, '/events'), headers: { accept: 'text/event-stream' }, signal, limitMs: streamMs } as const;
    const { body } = await call(asked);
    if (!body) return;
    try {
      for await (const { event, data } of readEvents(body)) if (event === 'challenge') yield JSON.parse(data);
    } catch (error) {
      signal?.throwIfAborted();
      throw new Unreachable(error);
    }
  }

  const gateway: Pushgate = {
    createChallenge: (body, { idempotencyKey, signal } = {}) =>
      json({
        method: 'POST',
        path: '/v1/challenges',
        body,
        signal,
        headers: idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey },
      }),
    getChallenge: (id, { waitSeconds = 0, signal } = {}) =>
      json({ method: 'GET', path: at(id, waitSeconds > 0 ? `?wait=${waitSeconds}` : ''), signal, limitMs: timeoutMs + waitSeconds * 1000 }),
    async *watchChallenge(id, { signal } = {}) {
      let known: Challenge | undefined;
      try {
        for await (const state of streamed(id, signal)) {
          known = state;
          yield state;
          if (hasEnded(state)) return;
        }
      } catch (error) {
        if (!mayPoll(error)) throw error;
      }
      for (let waitSeconds = 0; ; waitSeconds = longPollSeconds) {
        const state = await gateway.getChallenge(id, { waitSeconds, signal });
        if (state.status !== known?.status) yield state;
        known = state;
        if (hasEnded(state)) return;
      }
    },
    async waitForChallenge(id, options) {
      for await (const state of gateway.watchChallenge(id, options)) if (state.status !== 'pending') return state;
      throw new Unreachable('the stream ended');
    },
    consumeChallenge: (id, body = {}, { signal } = {}) => json({ method: 'POST', path: at(id, '/consume'), body, signal }),
    cancelChallenge: (id, { signal } = {}) => json({ method: 'POST', path: at(id, '/cancel'), body: {}, signal }),
  };
  return gateway;
}

const hasEnded = ({ status }: Challenge): boolean => status !== 'pending' && status !== 'code_shown';

/** Whether a stream that failed is worth a long poll: it broke off, or this gateway or a proxy has none. */
const mayPoll = (error: unknown): boolean =>
  error instanceof Unreachable || (error instanceof Problem && [404, 405, 406, 429].includes(error.status));
