import type { z } from 'zod';
import { type Expiry, type ProviderHost, readAll, readAuthorities, readClientCertificate } from '../../src/delivery/provider-kit/index.ts';
import type { config } from './config.ts';
import { type Endpoint, openEndpoint } from './endpoint.ts';
import type { Environment } from './environments.ts';
import { readSigningKey, tokenSource } from './provider-token.ts';

/** Both environments, and the expiry of the certificate. */
export type Endpoints = Record<Environment, Endpoint> & { expiries: Expiry[] };

/**
 * Reads key and files, and opens both environments; connects at the first push. Throws `config-invalid` with all bad
 * files.
 */
export function openEndpoints({ auth, ca, proxy, production_url, sandbox_url }: z.output<typeof config>, host: ProviderHost): Endpoints {
  const { openHttp2, clock, path } = host;
  const read = readAll({
    key: () => (auth.kind === 'token' ? tokenSource({ ...auth, key: readSigningKey(auth.key) }) : undefined),
    certificate: () => (auth.kind === 'certificate' ? readClientCertificate(path(auth.certificate), clock(), auth.passphrase) : undefined),
    ca: () => (ca === undefined ? undefined : readAuthorities(path(ca))),
  });
  const { certificate: client } = read;
  const options = {
    ca: read.ca,
    clientCertificate: client && { certificate: client.certificate, key: client.key },
    proxy,
  };
  const endpoint = (url: string): Endpoint => {
    const { origin, host: name } = new URL(url);
    return openEndpoint({ host: name, connect: () => openHttp2(origin, options), tokens: read.key, clock });
  };
  return { production: endpoint(production_url), sandbox: endpoint(sandbox_url), expiries: client?.expiries ?? [] };
}
