import { createHash } from 'node:crypto';
import type { Notification } from '@parse/node-apn';
import { z } from 'zod';
import { type Push, parseJson } from '../../src/delivery/provider-kit/index.ts';

/** One request to APNs, without environment and authorization. */
export type Message = { path: string; headers: Record<string, string>; body: string };

/** The maximum payload of APNs, in bytes. */
export const maxPayloadBytes = 4096;

const jsonObject = z.record(z.string(), z.unknown());

/** Makes the requests for one app; `id` is the `apns-id`. */
export type Messages = {
  /** The request for a push: immediate, valid until the challenge ends, replacing an older unseen one. */
  ring(push: Push, device: string, id: string): Message;
  /** A push to an impossible address: APNs checks our credentials first. It would be silent in any case. */
  probe(id: string): Message;
};

/** Loads the library for Apple's payload; on demand, so that gateways without iPhones do not load it. */
export async function openMessages(topic: string): Promise<Messages> {
  const { Notification: Builder } = await import('@parse/node-apn');
  return {
    ring: (push, device, id) => ({
      path: `/3/device/${device}`,
      headers: {
        'apns-topic': topic,
        'apns-push-type': 'alert',
        'apns-priority': '10',
        'apns-expiration': String(Math.floor(push.expiresAt / 1000)),
        'apns-collapse-id': collapseId(push),
        'apns-id': id,
      },
      body: JSON.stringify(notificationOf(push, Builder)),
    }),
    probe: (id) => ({
      path: `/3/device/${'0'.repeat(64)}`,
      headers: { 'apns-topic': topic, 'apns-push-type': 'background', 'apns-priority': '5', 'apns-expiration': '0', 'apns-id': id },
      body: JSON.stringify(new Builder({ contentAvailable: true })),
    }),
  };
}

/** privacyIDEA's app replaces notifications by one fixed id. @see docs/protocols/privacyidea.md 4.2 */
const collapseId = ({ phone, handle }: Push): string =>
  phone === 'pipush' ? 'privacyidea.pushtoken' : createHash('sha256').update(handle).digest('hex').slice(0, 32);

/**
 * The notification for a phone. pipush: the fields of the payload beside `aps`, as Firebase sends them to an iPhone.
 * Other protocols: the payload as `challenge`, the handle as `transactionId`, as a LinOTP challenge service gets them.
 */
function notificationOf({ phone, payload, handle, isTimeSensitive }: Push, Builder: typeof Notification): Notification {
  const manner = { sound: 'default', ...(isTimeSensitive && { interruptionLevel: 'time-sensitive' }) };
  const fields = phone === 'pipush' ? fieldsOf(payload) : undefined;
  if (!fields) {
    const alert = { title: 'Login', body: 'Open the app to answer.' };
    return new Builder({ alert, ...manner, payload: { transactionId: handle, challenge: payload } });
  }
  const alert = { title: textOf(fields.title, 'Login'), body: textOf(fields.question, 'Do you want to confirm the login?') };
  return new Builder({ alert, ...manner, category: 'PUSH_AUTHENTICATION', payload: fields });
}

const fieldsOf = (payload: string): Record<string, unknown> | undefined => jsonObject.safeParse(parseJson(payload)).data;

const textOf = (value: unknown, otherwise: string): string => (typeof value === 'string' && value !== '' ? value : otherwise);
