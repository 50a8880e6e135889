import { createPrivateKey, sign } from 'node:crypto';
import { type Exchange, type Fakes, type FakesOptions, startFakes } from '../../src/fakes/index.ts';
import { type HttpReply, openHttp, openHttp2, type WireError } from '../../src/foundation/wire/index.ts';
import { testAuthority } from '../kit/authority.ts';
import type { Cleanup } from '../kit/temporary.ts';

/** Starts fakes that end with the test; `exchanges` records their result of each request. */
export async function givenFakes(undo: Cleanup, options: Partial<FakesOptions> = {}): Promise<{ fakes: Fakes; exchanges: Exchange[] }> {
  const { authority, server, client } = await testAuthority();
  const exchanges: Exchange[] = [];
  const tls = { ...server, ca: authority.certificate };
  const fakes = await startFakes({ clock: Date.now, tls, client, onExchange: (exchange) => exchanges.push(exchange), ...options });
  undo.later(() => fakes.close());
  return { fakes, exchanges };
}

/** A signed JWT, built by hand so that a test can alter any part of it. */
export function jwt(key: string, header: Record<string, unknown>, claims: Record<string, unknown>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part(header)}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), { key: createPrivateKey(key), dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/** The request body. */
export type Post = { url: string; headers?: Record<string, string>; body: string; method?: 'GET' | 'POST' };

/** A reply, or the reason for its absence. */
export type Came = HttpReply | { error: WireError };

/** A client of HTTP/1.1, or of HTTP/2 to one origin, that trusts the test authority. */
export async function givenClient(undo: Cleanup, version: 1 | 2, options: { certificate?: boolean } = {}) {
  const { authority, client } = await testAuthority();
  const wire = { ca: authority.certificate, ...(options.certificate && { clientCertificate: client }) };
  const http = openHttp(wire);
  undo.later(() => http.close());
  const origins = new Map<string, ReturnType<typeof openHttp2>>();
  const open = (origin: string): ReturnType<typeof openHttp2> => {
    const opened = origins.get(origin) ?? openHttp2(origin, wire);
    if (!origins.has(origin)) undo.later(() => opened.close());
    origins.set(origin, opened);
    return opened;
  };
  return async ({ url, headers = {}, body, method = 'POST' }: Post, signal = AbortSignal.timeout(10_000)): Promise<Came> => {
    const { origin, pathname } = new URL(url);
    const sent = { method, headers, signal, ...(method === 'POST' && { body }) };
    const reply = version === 1 ? await http.request({ url, ...sent }) : await open(origin).request({ path: pathname, ...sent });
    return reply.ok ? reply.value : { error: reply.error };
  };
}
