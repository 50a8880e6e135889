import { hash } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { openCache } from '../cache/index.ts';

/** Trusted authorities (PEM, instead of Node's built-in ones) and our client certificate. */
export type Trust = { ca?: string | undefined; clientCertificate?: { certificate: string; key: string } | undefined };

const contexts = openCache<SecureContext>(100);

/**
 * Shares a TLS context between connections with the same trust. Node would make one per connection: with a system's
 * authorities that costs 10 ms of CPU and half a MB of memory outside the garbage collector's view.
 */
export function secureContextOf({ ca, clientCertificate }: Trust): SecureContext {
  const { certificate, key } = clientCertificate ?? {};
  const id = hash('sha256', JSON.stringify([ca, certificate, key]));
  const known = contexts.get(id);
  if (known) return known;
  const made = createSecureContext({
    minVersion: 'TLSv1.2',
    ...(ca !== undefined && { ca }),
    ...(clientCertificate && { cert: certificate, key }),
  });
  contexts.set(id, made);
  return made;
}
