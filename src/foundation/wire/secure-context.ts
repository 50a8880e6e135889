import { hash } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { openCache } from '../cache/index.ts';

/** Whom to trust (PEM, in place of the authorities that come with Node), and what proves who we are. */
export type Trust = { ca?: string | undefined; clientCertificate?: { certificate: string; key: string } | undefined };

const contexts = openCache<SecureContext>(100);

/**
 * What connections with the same trust share. Node would make one for each connection: with the authorities of a system that is 10 ms of CPU and half a MB of memory,
 * which the collection of garbage does not see.
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
