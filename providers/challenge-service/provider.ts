/**
 * Hands the push to a LinOTP-style challenge service over mutual TLS. URLs are tried in order, those whose breaker is open last; the first
 * one that takes it, or refuses it for good, decides.
 * Wire: POST {"challenge": {"transactionId", "gda", "challenge"}}; any 2xx means taken over.
 * @see docs/protocols/linotp.md 3
 */
import { z } from 'zod';
import {
  connectRead,
  type DeliveryOutcome,
  defineProvider,
  oneOrMany,
  type Push,
  pushUrl,
  readAll,
  tlsFields,
  tlsOptions,
  tlsReaders,
} from '../../src/delivery/provider-kit/index.ts';
import { openFailOver } from './fail-over.ts';
import { fromWire, isTaken } from './outcomes.ts';
import { requestBody } from './request-body.ts';

const headers = { 'content-type': 'application/json', accept: 'text/plain' };

const config = z.strictObject({
  push_url: oneOrMany(pushUrl).describe('One URL or several, tried in order.'),
  ...tlsFields,
  timeout: connectRead.prefault('3,5').describe('Seconds: connect,read.'),
  failover_statuses: z.array(z.int().min(400).max(599)).default([502, 503, 504]).describe('HTTP statuses that send us on to the next URL.'),
});

export default defineProvider({
  kind: 'challenge-service',
  aliases: ['DefaultPushProvider', 'linotp.provider.DefaultPushProvider', 'linotp.lib.pushprovider.DefaultPushProvider'],
  addresses: ['gda'],
  config,
  open({ push_url, failover_statuses, timeout, ...tls }, host) {
    const files = readAll(tlsReaders(tls, host));
    const http = host.openHttp({ ...tlsOptions(tls, files), connectTimeoutMs: timeout.connectMs });
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
      expires: () => files.access_certificate?.expiries ?? [],
      close: () => http.close(),
    };
  },
});
