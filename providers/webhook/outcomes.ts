import { z } from 'zod';
import {
  type DeliveryOutcome,
  type HttpReply,
  outcomeKinds,
  parseJson,
  retryAfterMs,
  type WireError,
} from '../../src/delivery/provider-kit/index.ts';

type Reply = { ok: true; value: HttpReply } | { ok: false; error: WireError };

/** A 2xx reply may contain the outcome; other members are ignored. */
const verdict = z.object({ outcome: z.enum([...outcomeKinds, 'dead-address']).default('sent') });

/**
 * The outcome of the receiver's reply: by its status and, for 2xx, the `outcome` in its body. `host` is for the detail
 * text.
 */
export function fromWire(reply: Reply, host: string, now: number): DeliveryOutcome {
  if (!reply.ok) return { kind: 'unavailable', reason: reply.error, detail: host };
  const { status } = reply.value;
  const detail = `${host} answered ${status}`;
  if (status >= 200 && status < 300) return fromBody(reply.value, detail, now);
  if (status === 410) return { kind: 'rejected', reason: 'dead-address', detail };
  if (status === 401 || status === 403) return { kind: 'rejected', reason: 'credentials', detail };
  if (status === 429) return unavailable('throttled', reply.value, detail, now);
  if (status === 408 || status === 425 || status >= 500) return unavailable('server', reply.value, detail, now);
  const isElsewhere = status < 400 || status === 404 || status === 405;
  return { kind: 'rejected', reason: isElsewhere ? 'configuration' : 'message', detail };
}

function fromBody(reply: HttpReply, detail: string, now: number): DeliveryOutcome {
  const read = verdictOf(reply);
  if (read === undefined) return { kind: 'unavailable', reason: 'garbage', detail };
  switch (read) {
    case 'sent':
      return { kind: 'sent' };
    case 'dead-address':
      return { kind: 'rejected', reason: 'dead-address', detail };
    case 'rejected':
      return { kind: 'rejected', reason: 'message', detail };
    case 'unavailable':
      return unavailable('server', reply, detail, now);
    default:
      return read satisfies never;
  }
}

/** The outcome in the body; undefined when it is unknown, or when the body is invalid JSON with a JSON content type. */
function verdictOf({ body, headers }: HttpReply): z.output<typeof verdict>['outcome'] | undefined {
  if (body.trim() === '') return 'sent';
  const json = parseJson(body);
  if (json === undefined) return headers['content-type']?.includes('json') ? undefined : 'sent';
  if (typeof json !== 'object' || json === null) return 'sent';
  return verdict.safeParse(json).data?.outcome;
}

function unavailable(reason: 'throttled' | 'server', { headers }: HttpReply, detail: string, now: number): DeliveryOutcome {
  return { kind: 'unavailable', reason, detail, retryAfterMs: retryAfterMs(headers, now) };
}
