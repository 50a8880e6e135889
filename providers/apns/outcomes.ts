import { z } from 'zod';
import { type DeliveryOutcome, type HttpReply, parseJson, retryAfterMs, type WireError } from '../../src/delivery/provider-kit/index.ts';

/** A reply of APNs. `reason` is present if it gave one; `timestamp` (epoch ms): since when an address is not in use. */
export type Answer = {
  status: number;
  reason?: string | undefined;
  timestamp?: number | undefined;
  headers: Readonly<Record<string, string>>;
};

/** A reply, or why there is none. */
export type Answered = { ok: true; value: Answer } | { ok: false; error: WireError };

/** The context of a reply: its host, the time, and since when we know the address (epoch ms). */
export type AnswerFacts = { host: string; now: number; since: number };

type Meaning = { reason: 'message' | 'configuration' | 'credentials' | 'throttled' | 'server'; advice?: string };

const ours: Meaning = { reason: 'message' };
const server: Meaning = { reason: 'server' };
const wrongTopic: Meaning = {
  reason: 'configuration',
  advice: 'topic is not the bundle id of the app of this address, key or certificate',
};
const wrongKey: Meaning = { reason: 'credentials', advice: 'key, key_id and team_id do not belong together, or the key was revoked' };
const otherEnvironment: Meaning = {
  reason: 'credentials',
  advice: 'key or certificate is for the other environment; set environment accordingly',
};

const meanings = new Map<string, Meaning>([
  ['BadCollapseId', ours],
  ['BadExpirationDate', ours],
  ['BadMessageId', ours],
  ['BadPriority', ours],
  ['DuplicateHeaders', ours],
  ['InvalidPushType', ours],
  ['MissingDeviceToken', ours],
  ['MissingTopic', ours],
  ['PayloadEmpty', ours],
  ['BadPath', ours],
  ['MethodNotAllowed', ours],
  ['PayloadTooLarge', ours],
  [
    'BadDeviceToken',
    { reason: 'configuration', advice: 'the address is invalid, or of the other environment; environment auto tries both' },
  ],
  ['BadTopic', wrongTopic],
  ['DeviceTokenNotForTopic', wrongTopic],
  ['TopicDisallowed', wrongTopic],
  ['BadCertificate', { reason: 'credentials', advice: 'the certificate is not for APNs, or was revoked' }],
  ['BadCertificateEnvironment', otherEnvironment],
  ['BadEnvironmentKeyIdInToken', otherEnvironment],
  ['ExpiredProviderToken', { reason: 'credentials', advice: 'the clock of this machine is wrong' }],
  ['Forbidden', { reason: 'credentials' }],
  ['InvalidProviderToken', wrongKey],
  ['MissingProviderToken', wrongKey],
  ['UnrelatedKeyIdInToken', wrongKey],
  ['TooManyProviderTokenUpdates', { reason: 'throttled' }],
  ['TooManyRequests', { reason: 'throttled' }],
  ['IdleTimeout', server],
  ['InternalServerError', server],
  ['ServiceUnavailable', server],
  ['Shutdown', server],
]);

const errorBody = z.object({ reason: z.string().regex(/^[A-Za-z]{1,64}$/), timestamp: z.number().optional().catch(undefined) });

/** Parses a reply. Without a valid body there is no reason. */
export function answerOf({ status, headers, body }: HttpReply): Answer {
  const { reason, timestamp } = errorBody.safeParse(jsonOf(body)).data ?? {};
  return { status, headers, reason, timestamp };
}

/** Whether APNs does not know the address: it may be of the other environment. */
export const isBadDeviceToken = (answered: Answered): boolean => answered.ok && answered.value.reason === 'BadDeviceToken';

/**
 * The outcome of a reply. An address is dead when APNs says so, unless that refers to a time before the phone sent the
 * address: then the app was reinstalled, and only this push is lost. Unknown reasons count by their status.
 * @see docs/protocols/delivery.md 2
 */
export function outcomeOf(answered: Answered, { host, now, since }: AnswerFacts): DeliveryOutcome {
  if (!answered.ok) return { kind: 'unavailable', reason: answered.error, detail: host };
  const { status, reason, timestamp, headers } = answered.value;
  if (status === 200) return { kind: 'sent' };
  const said = `${host} answered ${status}${reason === undefined ? '' : ` ${reason}`}`;
  if (status === 410 && reason !== undefined) {
    if (reason === 'ExpiredToken' || (timestamp ?? now) >= since) return { kind: 'rejected', reason: 'dead-address', detail: said };
    return { kind: 'rejected', reason: 'message', detail: `${said}, but of a time before the phone sent this address` };
  }
  const meaning = (reason === undefined ? undefined : meanings.get(reason)) ?? byStatus(status, reason);
  if (meaning === undefined) return { kind: 'unavailable', reason: 'garbage', detail: said };
  const detail = meaning.advice === undefined ? said : `${said}: ${meaning.advice}`;
  if (meaning.reason === 'throttled' || meaning.reason === 'server')
    return { kind: 'unavailable', reason: meaning.reason, detail, retryAfterMs: retryAfterMs(headers, now) };
  return { kind: 'rejected', reason: meaning.reason, detail };
}

function byStatus(status: number, reason: string | undefined): Meaning | undefined {
  if (status >= 500) return server;
  if (status === 429) return { reason: 'throttled' };
  if (reason === undefined || status < 400) return undefined;
  return status === 403 ? { reason: 'credentials' } : ours;
}

/** A success has no body; an exception for each would cost a tenth of a push. */
const jsonOf = (body: string): unknown => (body === '' ? undefined : parseJson(body));
