import { z } from 'zod';
import { isRecord } from '../jwt.ts';

// Each error text is the type that Google's error would name.
const text = z.string({ error: 'TYPE_STRING' });
const flag = z.boolean({ error: 'TYPE_BOOL' });
const count = z.int({ error: 'TYPE_INT32' });
const texts = z.array(text, { error: 'TYPE_STRING' });
const struct = z.record(z.string(), z.json(), { error: 'type.googleapis.com/google.protobuf.Struct' });
const textMap = z.record(z.string(), text, { error: 'Map' });
const durationForm = /^-?\d{1,12}(?:\.\d{1,9})?s$/;
const duration = z
  .string({ error: 'type.googleapis.com/google.protobuf.Duration' })
  .regex(durationForm, 'type.googleapis.com/google.protobuf.Duration');
const oneOf = (type: string, ...names: string[]) => z.string({ error: type }).refine((name) => names.includes(name.toUpperCase()), type);

const part = <T extends z.ZodRawShape>(type: string, shape: T) =>
  z.strictObject(shape, { error: `type.googleapis.com/google.firebase.fcm.v1.${type}` }).partial();
const each = <T extends z.ZodType>(names: readonly string[], value: T): Record<string, T> =>
  Object.fromEntries(names.map((name) => [name, value]));

const analytics = part('FcmOptions', { analytics_label: text });
const androidNotification = part('AndroidNotification', {
  ...each(['title', 'body', 'icon', 'color', 'sound', 'tag', 'click_action', 'body_loc_key', 'title_loc_key', 'channel_id'], text),
  ...each(['ticker', 'image', 'event_time', 'notification_priority', 'visibility', 'proxy'], text),
  ...each(['sticky', 'local_only', 'default_sound', 'default_vibrate_timings', 'default_light_settings'], flag),
  ...each(['bypass_proxy_notification'], flag),
  body_loc_args: texts,
  title_loc_args: texts,
  vibrate_timings: z.array(duration, { error: 'type.googleapis.com/google.protobuf.Duration' }),
  notification_count: count,
  light_settings: struct,
});
const android = part('AndroidConfig', {
  collapse_key: text,
  priority: oneOf('type.googleapis.com/google.firebase.fcm.v1.AndroidMessagePriority', 'NORMAL', 'HIGH'),
  ttl: duration,
  restricted_package_name: text,
  data: textMap,
  notification: androidNotification,
  fcm_options: analytics,
  ...each(['direct_boot_ok', 'bandwidth_constrained_ok', 'restricted_satellite_ok'], flag),
});
const webpush = part('WebpushConfig', {
  headers: textMap,
  data: textMap,
  notification: struct,
  fcm_options: part('WebpushFcmOptions', { link: text, analytics_label: text }),
});
const apns = part('ApnsConfig', {
  headers: textMap,
  payload: struct,
  live_activity_token: text,
  fcm_options: part('ApnsFcmOptions', { analytics_label: text, image: text }),
});
const message = part('Message', {
  name: text,
  data: textMap,
  notification: part('Notification', { title: text, body: text, image: text }),
  android,
  webpush,
  apns,
  fcm_options: analytics,
  token: text,
  topic: text,
  condition: text,
});

/** The body of `messages:send`, with snake_case names. @see docs/protocols/delivery.md 2.2 */
export const SendRequest = z.strictObject({ message: message.default({}), validate_only: flag.optional() });
/** A parsed FCM message. */
export type FcmMessage = z.output<typeof message>;

// The app's own content, which is not renamed.
const opaque = new Set(['data', 'headers', 'payload']);

/** Converts field names to snake_case; Google accepts camelCase as well. */
export function snakeCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCased);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([name, inner]): [string, unknown] => {
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return [snake, opaque.has(snake) ? inner : snakeCased(inner)];
  });
  return Object.fromEntries(entries);
}
