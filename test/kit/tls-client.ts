import { once } from 'node:events';
import { type IncomingMessage, request as plain } from 'node:http';
import { type Agent, request } from 'node:https';

/** One request over TLS (or plain, for `http:`) on its own connection; `client` is its client certificate. */
export type TlsRequest = {
  url: string;
  ca?: string;
  client?: { certificate: string; key: string } | undefined;
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Longest silence (ms) before the connection is closed. */
  readMs?: number;
  agent?: Agent;
};

/** The reply; `reason` is the phrase of the status line. */
export type TlsReply = { status: number; reason: string; headers: IncomingMessage['headers']; text: string };

/** Sends a request and reads the reply; rejects if the connection or TLS fails. */
export async function askTls({
  url,
  ca,
  client,
  method = 'GET',
  headers = {},
  body,
  readMs = 10_000,
  agent,
}: TlsRequest): Promise<TlsReply> {
  const isTls = url.startsWith('https:');
  const options = { method, headers, timeout: readMs, agent: agent ?? false };
  const tls = { ...(ca ? { ca } : {}), ...(client ? { cert: client.certificate, key: client.key } : {}) };
  const sent = isTls ? request(url, { ...options, ...tls }) : plain(url, { ...options, agent: false });
  sent.on('timeout', () => sent.destroy(new Error('read timed out')));
  sent.end(body);
  const [reply]: [IncomingMessage] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of reply) chunks.push(chunk);
  return {
    status: reply.statusCode ?? 0,
    reason: reply.statusMessage ?? '',
    headers: reply.headers,
    text: Buffer.concat(chunks).toString(),
  };
}
