import { getCACertificates } from 'node:tls';
import { type DeliveryOutcome, type Http, type ProviderHost, readAll, readAuthorities } from '../../src/delivery/provider-kit/index.ts';
import { type Grant, type GrantSource, openAccessTokens } from './access-token.ts';
import type { Config } from './config.ts';
import { openConnections, type Way } from './connections.ts';
import { defaultGrants } from './default-grants.ts';
import { keyFileGrants } from './key-file-grants.ts';
import { fromFcm, isStaleToken } from './outcomes.ts';
import { readServiceAccount, type ServiceAccount } from './service-account.ts';

/** Sends bodies of `messages:send` to FCM, for its project and with its access token. */
export type Sender = {
  /**
   * Sends once, and once more with a new access token if FCM refuses the current one. `fresh` requests a new one first.
   */
  send(body: string, signal: AbortSignal, fresh?: 'fresh'): Promise<DeliveryOutcome>;
  close(): Promise<void>;
};

/** Reads the configured files and prepares the connections; connects at the first push. */
export async function openSender(settings: Config, host: ProviderHost): Promise<Sender> {
  const { source, http, way } = await openSource(settings, host);
  const tokens = openAccessTokens(source, host);
  const { origin, host: name, pathname } = new URL(settings.api_url);
  const connections = openConnections(origin, way, settings.connections, host);
  const post = ({ token, project }: Grant, body: string, signal: AbortSignal) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json; UTF-8' };
    const path = `${pathname.replace(/\/$/, '')}/v1/projects/${encodeURIComponent(project)}/messages:send`;
    return connections.post({ path, headers, body, signal });
  };
  return {
    async send(body, signal, fresh) {
      let granted = await (fresh ? tokens.fresh(signal) : tokens.get(signal));
      if (!granted.ok) return granted.error;
      let reply = await post(granted.value, body, signal);
      if (reply.ok && isStaleToken(reply.value)) {
        granted = await tokens.renewed(granted.value, signal);
        if (!granted.ok) return granted.error;
        reply = await post(granted.value, body, signal);
      }
      if (!reply.ok) return { kind: 'unavailable', reason: reply.error, detail: name };
      return fromFcm(reply.value, name, host.clock());
    },
    async close() {
      tokens.close();
      await Promise.all([connections.close(), http.close()]);
    },
  };
}

type Source = { source: GrantSource; http: Http; way: Way };

async function openSource(settings: Config, host: ProviderHost): Promise<Source> {
  const { service_account, ca: caFile, proxy, project_id } = settings;
  const { service_account: account, ca } = readAll({
    service_account: () => (service_account === undefined ? undefined : readServiceAccount(service_account.reveal())),
    ca: () => (caFile === undefined ? undefined : withSystem(host.path(caFile))),
  });
  const way: Way = { ca, proxy };
  const http = host.openHttp(way);
  if (account) return { source: keySource(account, settings, http, host), http, way };
  if (proxy !== undefined || ca !== undefined)
    host.log.warn({}, 'application default credentials are fetched without proxy and ca; set HTTPS_PROXY and NODE_EXTRA_CA_CERTS for them');
  // Loaded only without a key file: it takes a tenth of a second and brings a hundred packages.
  const { applicationDefault } = await import('firebase-admin/app');
  return { source: defaultGrants({ credential: applicationDefault(), project: project_id, clock: host.clock }), http, way };
}

const keySource = (account: ServiceAccount, { token_url, project_id }: Config, http: Http, { clock }: ProviderHost): GrantSource =>
  keyFileGrants({ account, url: token_url ?? account.tokenUri, project: project_id ?? account.project, http, clock });

/** Our list of authorities replaces the system's, so include those. */
const withSystem = (path: string): string => [...getCACertificates('default'), readAuthorities(path)].join('\n');
