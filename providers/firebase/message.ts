import { hash } from 'node:crypto';
import { z } from 'zod';
import type { Push } from '../../src/delivery/provider-kit/index.ts';
import { parseJson } from '../../src/delivery/provider-kit/index.ts';

/** The form of messages: with the challenge or opaque, the opaque texts, and whether FCM only validates them. */
export type MessageStyle = { mode: 'data' | 'opaque'; opaqueTitle: string; opaqueText: string; dryRun: boolean };

const fields = z.record(z.string(), z.string());

/** The plain text of a notification. */
type Shown = { title: string; body: string };

/**
 * The body of `messages:send` for one push; undefined when its payload does not match its phone protocol. A pipush
 * message equals privacyIDEA's, plus `collapse_key` and `tag`, so that a duplicate push is shown once. Other phones get
 * `transactionId` and `challenge`, as from LinOTP's challenge service, and a neutral notification.
 * @param now epoch ms, the start of the time to live
 * @see docs/protocols/privacyidea.md 4.2
 * @see docs/protocols/linotp.md 3.2
 */
export function messageOf(push: Push, style: MessageStyle, now: number): string | undefined {
  const opaque: Shown = { title: style.opaqueTitle, body: style.opaqueText };
  const wrap = (message: object): string => JSON.stringify(style.dryRun ? { validate_only: true, message } : { message });
  if (style.mode === 'opaque') return wrap(plainMessage(push, opaque, now));
  if (push.phone !== 'pipush')
    return wrap({ data: { transactionId: push.handle, challenge: push.payload }, ...plainMessage(push, opaque, now) });
  const data = fields.safeParse(parseJson(push.payload)).data;
  return data && wrap(pipushMessage(push, data, now));
}

/** A message to an impossible registration token, for validation only. */
export const probe = JSON.stringify({
  validate_only: true,
  message: { token: 'pushgate-check', notification: { title: 'pushgate', body: 'check' } },
});

function pipushMessage(push: Push, data: Record<string, string>, now: number): object {
  const shown: Shown = { title: data.title ?? '', body: data.question ?? '' };
  const { collapse_key, notification, ...android } = androidOf(push, now);
  return {
    data,
    token: push.address?.value,
    notification: shown,
    android: { ...android, fcm_options: { analytics_label: 'AndroidPushToken' }, collapse_key, notification },
    apns: {
      headers: apnsHeaders(push, 'privacyidea.pushtoken'),
      payload: { aps: { ...apsOf(push, shown), category: 'PUSH_AUTHENTICATION' } },
      fcm_options: { analytics_label: 'iOSPushToken' },
    },
  };
}

const plainMessage = (push: Push, shown: Shown, now: number): object => ({
  token: push.address?.value,
  notification: shown,
  android: androidOf(push, now),
  apns: { headers: apnsHeaders(push, collapseKey(push)), payload: { aps: apsOf(push, shown) } },
});

const androidOf = (push: Push, now: number) => ({
  priority: 'HIGH',
  ttl: `${Math.max(0, Math.ceil((push.expiresAt - now) / 1000))}s`,
  collapse_key: collapseKey(push),
  notification: { tag: collapseKey(push) },
});

const apsOf = ({ isTimeSensitive }: Push, alert: Shown) => ({
  alert,
  sound: 'default',
  ...(isTimeSensitive && { 'interruption-level': 'time-sensitive' }),
});

const apnsHeaders = ({ expiresAt }: Push, collapseId: string) => ({
  'apns-priority': '10',
  'apns-push-type': 'alert',
  'apns-collapse-id': collapseId,
  'apns-expiration': String(Math.floor(expiresAt / 1000)),
});

/** A digest: the handle itself must not be visible to the push service. */
const collapseKey = ({ handle }: Push): string => hash('sha256', handle, 'hex').slice(0, 32);
