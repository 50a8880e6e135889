/**
 * Hands the push to a LinOTP-style challenge service over mutual TLS. URLs are tried in order, those whose breaker is open last; the first
 * one that takes it, or refuses it for good, decides.
 * Wire: POST {"challenge": {"transactionId", "gda", "challenge"}}; any 2xx means taken over.
 * @see docs/protocols/linotp.md 3
 */
import { existsSync, statSync } from 'node:fs';
import { z } from 'zod';
import {
  certificatesOf,
  connectRead,
  type DeliveryOutcome,
  defineProvider,
  GatewayFault,
  oneOrMany,
  type ProviderHost,
  type Push,
  proxyUrl,
  pushUrl,
  readAll,
  readClientCertificate,
  readConfigFile,
} from '../../src/delivery/provider-kit/index.ts';
import { openFailOver } from './fail-over.ts';
import { fromWire, isTaken } from './outcomes.ts';
import { requestBody } from './request-body.ts';

const headers = { 'content-type': 'application/json', accept: 'text/plain' };

const config = z.strictObject({
  push_url: oneOrMany(pushUrl).describe('One URL or several, tried in order.'),
  access_certificate: z.string().optional().describe('PEM file with client certificate and key.'),
  server_certificate: z
    .union([z.string().min(1), z.literal(false)])
    .optional()
    .describe('PEM file of trusted CAs; false: no verification (development only).'),
  proxy: proxyUrl.optional().describe('Proxy for the push URLs.'),
  timeout: connectRead.prefault('3,5').describe('Seconds: connect,read.'),
  failover_statuses: z.array(z.int().min(400).max(599)).default([502, 503, 504]).describe('HTTP statuses that send us on to the next URL.'),
});

export default defineProvider({
  kind: 'challenge-service',
  aliases: ['DefaultPushProvider', 'linotp.provider.DefaultPushProvider', 'linotp.lib.pushprovider.DefaultPushProvider'],
  addresses: ['gda'],
  config,
  open({ push_url, failover_statuses, timeout, ...tls }, host) {
    const { options, expiries } = wireOf(tls, host);
    const http = host.openHttp({ ...options, connectTimeoutMs: timeout.connectMs });
    const failOver = openFailOver(push_url, host.clock);
    const longestMs = timeout.connectMs + timeout.readMs;
    const post = async (url: string, push: Push, limitMs: number, signal: AbortSignal): Promise<DeliveryOutcome> => {
      const limit = AbortSignal.timeout(Math.max(1, Math.floor(Math.min(longestMs, limitMs))));
      const call = { method: 'POST', url, headers, body: requestBody(push), signal: AbortSignal.any([signal, limit]) } as const;
      return fromWire(await http.request(call), { url, failoverStatuses: failover_statuses, now: host.clock() });
    };
    return {
      deliver: (push, signal) => failOver.run((url, limitMs) => post(url, push, limitMs, signal), push.budgetMs, signal),
      async check(signal) {
        const replies = await Promise.all(push_url.map((url) => http.request({ method: 'GET', url, signal })));
        const silent = push_url.filter((_, index) => !isTaken(replies[index]));
        return silent.length === 0
          ? { ok: true }
          : { ok: false, problem: `${silent.map((url) => new URL(url).host).join(', ')} cannot be reached` };
      },
      expires: () => expiries,
      close: () => http.close(),
    };
  },
});

type Tls = Pick<z.output<typeof config>, 'access_certificate' | 'server_certificate' | 'proxy'>;

function wireOf({ access_certificate, server_certificate, proxy }: Tls, { path, clock }: ProviderHost) {
  const { access_certificate: client, server_certificate: ca } = readAll({
    access_certificate: () => (access_certificate === undefined ? undefined : readClientCertificate(path(access_certificate), clock())),
    server_certificate: () => (typeof server_certificate === 'string' ? readAuthorities(path(server_certificate)) : undefined),
  });
  return {
    options: {
      verifyTls: server_certificate !== false,
      ...(ca === undefined ? {} : { ca }),
      ...(client ? { clientCertificate: { certificate: client.certificate, key: client.key } } : {}),
      ...(proxy === undefined ? {} : { proxy }),
    },
    expiries: client?.expiries ?? [],
  };
}

function readAuthorities(path: string): string {
  if (existsSync(path) && statSync(path).isDirectory())
    throw new GatewayFault('config-invalid', `${path} is a folder. Name one PEM file with the trusted CAs.`);
  return certificatesOf(readConfigFile(path, 'server certificate'), path)
    .map(({ pem }) => pem)
    .join('\n');
}
