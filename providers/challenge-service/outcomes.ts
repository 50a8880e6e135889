import {
  type DeliveryOutcome,
  type HttpReply,
  retryAfterMs,
  type UnavailableReason,
  type WireError,
} from '../../src/delivery/provider-kit/index.ts';

type Reply = { ok: true; value: HttpReply } | { ok: false; error: WireError };

/** The context of a reply: its URL, the statuses for fail-over, and the time for `Retry-After`. */
export type ReplyFacts = { url: string; failoverStatuses: readonly number[]; now: number };

/**
 * The outcome of a challenge service's reply. 2xx: accepted. A status of the fail-over list, 408, 429 and any other
 * 5xx: try the next URL. 410: it no longer knows the device. Any other, including redirects (a push must not become a
 * GET): refused for good.
 * @see docs/protocols/linotp.md 3.3
 */
export function fromWire(reply: Reply, { url, failoverStatuses, now }: ReplyFacts): DeliveryOutcome {
  const { host } = new URL(url);
  if (!reply.ok) return { kind: 'unavailable', reason: reply.error, detail: host };
  const { status, reason, headers } = reply.value;
  const detail = `${host} answered ${status} ${reason}`.trim().slice(0, 200);
  if (status >= 200 && status < 300) return { kind: 'sent' };
  if (status === 429) return { kind: 'unavailable', reason: 'throttled', detail, retryAfterMs: retryAfterMs(headers, now) };
  if (failoverStatuses.includes(status) || status === 408 || status >= 500)
    return { kind: 'unavailable', reason: 'server', detail, retryAfterMs: retryAfterMs(headers, now) };
  if (status === 410) return { kind: 'rejected', reason: 'dead-address', detail };
  if (status === 401 || status === 403) return { kind: 'rejected', reason: 'credentials', detail };
  return { kind: 'rejected', reason: status >= 300 && status < 400 ? 'configuration' : 'message', detail };
}

/** Whether there was any reply: then the server is reachable. */
export const isTaken = (reply: Reply | undefined): boolean => reply?.ok === true;

type ServerState = 'works' | 'failed' | 'unknown';

const stateAfter: Readonly<Record<UnavailableReason, ServerState>> = {
  timeout: 'failed',
  connection: 'failed',
  tls: 'failed',
  throttled: 'works',
  server: 'works',
  garbage: 'works',
  aborted: 'unknown',
  defect: 'works',
  busy: 'works',
  'circuit-open': 'works',
};

/** Whether the same push may succeed a moment later: a 5xx without a time to wait. */
export const isTransient = (outcome: DeliveryOutcome): boolean =>
  outcome.kind === 'unavailable' && outcome.reason === 'server' && outcome.retryAfterMs === undefined;

/** The state of a URL after an outcome. A reply shows that it works, even 429 or 503; an aborted login says nothing. */
export const serverOf = (outcome: DeliveryOutcome): ServerState => (outcome.kind === 'unavailable' ? stateAfter[outcome.reason] : 'works');
