import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Context } from 'koa';
import type { ShownCertificate } from '../access/index.ts';
import { connectionOf } from './connection.ts';

const known = new WeakMap<Socket, ShownCertificate | undefined>();

/** The client certificate of a request's connection, if any. Read once per connection. */
export function clientCertificate({ req }: Context): ShownCertificate | undefined {
  const { socket } = connectionOf(req);
  if (!known.has(socket)) known.set(socket, socket instanceof TLSSocket ? factsOf(socket) : undefined);
  return known.get(socket);
}

function factsOf(socket: TLSSocket): ShownCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return undefined;
  // Node's types say Error, but it is OpenSSL's code as a text.
  if (!socket.authorized) return { untrusted: String(socket.authorizationError) };
  const { subject, subjectAltName, fingerprint256 } = certificate;
  return {
    subject: subject.split('\n'),
    names: namesOf(subjectAltName ?? ''),
    fingerprintSha256: fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

/** Node quotes a name with a comma or a quote, so that it cannot pass for two names; such names are ignored. */
const namesOf = (text: string): string[] => (text.includes('"') ? [] : text.split(', ').filter((name) => name !== ''));
