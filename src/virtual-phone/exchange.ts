import { z } from 'zod';
import type { Http, HttpCall, openHttp } from '../foundation/wire/index.ts';
import { type AppName, appOf } from './apps.ts';
import { done, no, type Outcome } from './outcome.ts';

/** The parts of a reply that the app reads: the value and the detail. */
export type Reply = { value: unknown; detail: Record<string, unknown> };

/** The target of a request, whether to verify its certificate, and the app. */
export type Target = { url: string; sslVerify: boolean; app?: AppName | undefined };

/** The fields of a request; apps with JSON include numbers. */
export type Fields = Record<string, string | number>;

/** An app's HTTP. A reply without `result.status`, with an error, or with a status from 300 on is a refusal. */
export type Exchange = {
  /** A status that means "no challenges" to the app becomes a reply with an empty list. */
  get(target: Target, parameters: Record<string, string>): Promise<Outcome<Reply>>;
  /** Reads any resource as text. */
  text(url: string): Promise<Outcome<string>>;
  /** `again`: retries once, at once, with the same body, if the connection fails. */
  post(target: Target, fields: Fields, again?: 'again'): Promise<Outcome<Reply>>;
  close(): Promise<void>;
};

/**
 * How to reach servers: the HTTP client to open, PEM of trusted authorities instead of the system's, and the timeout of
 * a call.
 */
export type ExchangeOptions = { openHttp: typeof openHttp; ca?: string | undefined; timeoutMs: number };

type Raw = Awaited<ReturnType<Http['request']>>;

/**
 * Opens the app's HTTP, with separate connections for verified and unverified certificates.
 * @see docs/protocols/privacyidea.md 15.1
 */
export function openExchange({ openHttp, ca, timeoutMs }: ExchangeOptions): Exchange {
  const clients = new Map<boolean, Http>();
  const clientFor = (verifyTls: boolean): Http => {
    const client = clients.get(verifyTls) ?? openHttp({ verifyTls, ...(ca !== undefined && { ca }) });
    clients.set(verifyTls, client);
    return client;
  };
  const send = ({ sslVerify }: Target, call: HttpCall) => clientFor(sslVerify).request({ ...call, signal: AbortSignal.timeout(timeoutMs) });
  return {
    async get(target, parameters) {
      const url = new URL(target.url);
      url.search = new URLSearchParams(parameters).toString();
      const { headers, nothingWaiting } = appOf(target);
      const raw = await send(target, { method: 'GET', url: url.href, headers: headers.GET });
      return raw.ok && nothingWaiting.includes(raw.value.status) ? done({ value: [], detail: {} }) : readReply(raw);
    },
    async post(target, fields, again) {
      const { headers, sendsJson } = appOf(target);
      const body = sendsJson ? JSON.stringify(fields) : formOf(fields);
      const call = { method: 'POST', url: target.url, headers: headers.POST, body } as const;
      const first = await send(target, call);
      return readReply(again && !first.ok && first.error === 'connection' ? await send(target, call) : first);
    },
    async text(url) {
      const reply = await send({ url, sslVerify: true }, { method: 'GET', url });
      if (!reply.ok) return no(noReply[reply.error]);
      return reply.value.status === 200 ? done(reply.value.body) : no(`HTTP ${reply.value.status}`);
    },
    close: async () => void (await Promise.all([...clients.values()].map((client) => client.close()))),
  };
}

const formOf = (fields: Fields): string =>
  new URLSearchParams(Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)])).toString();

const Envelope = z.object({
  result: z.object({
    status: z.boolean(),
    value: z.unknown().optional(),
    error: z.object({ code: z.union([z.int(), z.string()]), message: z.string() }).optional(),
  }),
  detail: z.record(z.string(), z.unknown()).nullish(),
});

const noReply = {
  timeout: 'the server did not answer in time',
  connection: 'the server could not be reached',
  tls: "the server's certificate is not trusted",
  garbage: 'the server sent something that is not HTTP, or too long',
  aborted: 'the call was aborted',
} as const;

function readReply(raw: Raw): Outcome<Reply> {
  if (!raw.ok) return no(noReply[raw.error]);
  const { status, body } = raw.value;
  const read = Envelope.safeParse(parsed(body));
  if (!read.success) return no(`the server's reply (HTTP ${status}) is not JSON with a result.status`);
  const { result, detail } = read.data;
  if (result.error) return no(`${result.error.code}: ${result.error.message}`);
  if (status >= 300 || !result.status) return no(`the server refused without a reason (HTTP ${status}, result.status ${result.status})`);
  return done({ value: result.value, detail: detail ?? {} });
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
