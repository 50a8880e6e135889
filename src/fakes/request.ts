import type { Http2ServerRequest, IncomingHttpHeaders } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { FakeRequest } from './exchange.ts';

const longestBody = 1_048_576;

/** Reads a whole request. Undefined when it is incomplete or over 1 MiB. */
export async function readRequest(request: Http2ServerRequest): Promise<FakeRequest | undefined> {
  const body = await readBody(request);
  if (!body) return undefined;
  const { headers, method, url } = request;
  return {
    method,
    path: url.split('?', 1)[0] ?? '',
    host: headers[':authority'] ?? headers.host ?? '',
    headers: flat(headers),
    duplicates: duplicatesIn(request.rawHeaders),
    body: body.toString(),
    size: body.length,
    certificate: certificateOf(request),
  };
}

async function readBody(request: Http2ServerRequest): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request) {
      const bytes = Buffer.from(chunk);
      length += bytes.length;
      if (length > longestBody) return undefined;
      chunks.push(bytes);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}

const flat = (headers: IncomingHttpHeaders): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]));

function duplicatesIn(rawHeaders: readonly string[]): string[] {
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

function certificateOf(request: Http2ServerRequest): FakeRequest['certificate'] {
  const socket = tlsSocketOf(request);
  const subject = socket?.getPeerX509Certificate()?.subject;
  if (!socket || subject === undefined) return undefined;
  return { subject: /^CN=(.*)$/m.exec(subject)?.[1] ?? subject, trusted: socket.authorized };
}

function tlsSocketOf({ socket }: Http2ServerRequest): TLSSocket | undefined {
  return 'authorized' in socket ? socket : undefined;
}
