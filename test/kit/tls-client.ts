import { once } from 'node:events';
import { type IncomingMessage, request as plain } from 'node:http';
import { type Agent, request } from 'node:https';

/** One request over TLS (or without, for `http:`), with a connection of its own; `client` is the certificate that it shows. */
export type TlsRequest = {
  url: string;
  ca?: string;
  client?: { certificate: string; key: string } | undefined;
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Longest silence, in ms; then the connection is given up. */
  readMs?: number;
  agent?: Agent;
};

/** What came back; `reason` is the phrase of the status line. */
export type TlsReply = { status: number; reason: string; headers: IncomingMessage['headers']; text: string };

/** Sends it and reads the reply; rejects where the connection or TLS fails. */
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
