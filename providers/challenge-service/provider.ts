/**
 * Delivers pushes to a LinOTP-style challenge service over mutual TLS. Tries the URLs in order, recently unreachable
 * ones last, and retries those with a 5xx once at the end; the first acceptance or final refusal decides. Wire: POST
 * {"challenge": {"transactionId", "gda", "challenge"}}; any 2xx means accepted.
 * @see docs/protocols/linotp.md 3
 */
import { z } from 'zod';
import {
  connectRead,
  type DeliveryOutcome,
  defineProvider,
  oneOrMany,
  openServerOrder,
  type Push,
  pushUrl,
  readAll,
  tlsFields,
  tlsOptions,
  tlsReaders,
} from '../../src/delivery/provider-kit/index.ts';
import { fromWire, isTaken, isTransient, serverOf } from './outcomes.ts';
import { requestBody } from './request-body.ts';

const restMs = 30_000;
const noTime: DeliveryOutcome = { kind: 'unavailable', reason: 'timeout', detail: 'no time was left' };
const headers = { 'content-type': 'application/json', accept: 'text/plain' };

const config = z.strictObject({
  push_url: oneOrMany(pushUrl).meta({
    description: 'One URL or several, tried in order.',
    examples: [['https://cs1.example/v1/challenge', 'https://cs2.example/v1/challenge']],
  }),
  ...tlsFields,
  timeout: connectRead
    .prefault('3,5')
    .meta({ description: 'Time to connect and time for the reply: "3,5", or one number for both.', unit: 'seconds' }),
  failover_statuses: z
    .array(z.int().min(400).max(599))
    .default([502, 503, 504])
    .describe('HTTP statuses that make the provider try the next URL.'),
});

export default defineProvider({
  kind: 'challenge-service',
  aliases: ['DefaultPushProvider', 'linotp.provider.DefaultPushProvider', 'linotp.lib.pushprovider.DefaultPushProvider'],
  addresses: ['gda'],
  // The service detects duplicates by transaction id.
  idempotent: true,
  config,
  open({ push_url, failover_statuses, timeout, ...tls }, host) {
    const files = readAll(tlsReaders(tls, host));
    const http = host.openHttp({ ...tlsOptions(tls, files), connectTimeoutMs: timeout.connectMs, passTrace: true });
    const urls = [...new Set(push_url)];
    const order = openServerOrder(urls, host.clock, restMs);
    const names = namesOf(urls);
    const longestMs = timeout.connectMs + timeout.readMs;
    const post = async (url: string, push: Push, limitMs: number, signal: AbortSignal): Promise<DeliveryOutcome> => {
      const limit = AbortSignal.timeout(Math.min(longestMs, limitMs));
      const call = { method: 'POST', url, headers, body: requestBody(push), signal: AbortSignal.any([signal, limit]) } as const;
      return fromWire(await http.request(call), { url, failoverStatuses: failover_statuses, now: host.clock() });
    };
    return {
      async deliver(push, signal) {
        const delivered = await order.pass(push.budgetMs, async (url, limitMs) => {
          const outcome = await post(url, push, limitMs, signal);
          const isEnd = outcome.kind !== 'unavailable' || signal.aborted;
          return { outcome, server: serverOf(outcome), isEnd, isTransient: isTransient(outcome) };
        });
        return delivered ?? noTime;
      },
      async check(signal) {
        const replies = await Promise.all(urls.map((url) => http.request({ method: 'GET', url, signal })));
        const silent = urls.filter((_, index) => !isTaken(replies[index]));
        return silent.length === 0
          ? { ok: true }
          : { ok: false, problem: `${silent.map((url) => new URL(url).host).join(', ')} cannot be reached` };
      },
      servers: () => order.states().map(({ server, state }) => ({ name: names.get(server) ?? '', state })),
      expires: () => files.access_certificate?.expiries ?? [],
      close: () => http.close(),
    };
  },
});

/** Public names of URLs: scheme, host and port, since user, path and query may be secret. Equal ones are numbered. */
function namesOf(urls: readonly string[]): ReadonlyMap<string, string> {
  const origins = urls.map((url) => new URL(url).origin);
  const number = (index: number): number => origins.slice(0, index + 1).filter((origin) => origin === origins[index]).length;
  return new Map(urls.map((url, index) => [url, `${origins[index]}${number(index) > 1 ? ` (${number(index)})` : ''}`]));
}
