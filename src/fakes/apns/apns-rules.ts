import type { FakeRequest } from '../exchange.ts';
import { recordOf } from '../jwt.ts';
import type { Refusal } from './apns-token.ts';

/** Push types and their topic suffixes after the bundle id. @see docs/protocols/delivery.md 2.1 */
const topicSuffixes: Readonly<Record<string, string>> = {
  alert: '',
  background: '',
  voip: '.voip',
  complication: '.complication',
  fileprovider: '.pushkit.fileprovider',
  mdm: '',
  location: '.location-query',
  liveactivity: '.push-type.liveactivity',
  pushtotalk: '.voip-ptt',
  widgets: '.push-type.widgets',
};

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const refused = (reason: string, status = 400): Refusal => ({ status, reason });

/** Why the headers of a notification are refused, if so. `topics` are the caller's bundle ids. */
export function whyNotHeaders({ headers, duplicates }: FakeRequest, topics: readonly string[]): Refusal | undefined {
  if (duplicates.some((name) => name.startsWith('apns-') || name === 'authorization')) return refused('DuplicateHeaders');
  const { 'apns-id': id, 'apns-expiration': expiration, 'apns-priority': priority = '10', 'apns-collapse-id': collapseId } = headers;
  const { 'apns-push-type': type, 'apns-topic': topic } = headers;
  if (id !== undefined && !uuid.test(id)) return refused('BadMessageId');
  if (expiration !== undefined && !/^\d{1,12}$/.test(expiration)) return refused('BadExpirationDate');
  if (collapseId !== undefined && Buffer.byteLength(collapseId) > 64) return refused('BadCollapseId');
  const suffix = type === undefined ? undefined : topicSuffixes[type];
  if (suffix === undefined) return refused('InvalidPushType');
  if (!['10', '5', '1'].includes(priority) || (type === 'background' && priority !== '5')) return refused('BadPriority');
  if (topic === undefined || topic === '') return refused('MissingTopic');
  if (!/^[\w.-]{1,255}$/.test(topic)) return refused('BadTopic');
  return topics.some((bundle) => topic === bundle + suffix) ? undefined : refused('TopicDisallowed');
}

/** Why the payload is refused, if so: it must be a non-empty JSON object within the size limit. */
export function whyNotPayload({ body, size, headers }: FakeRequest): Refusal | undefined {
  if (size > (headers['apns-push-type'] === 'voip' ? 5120 : 4096)) return refused('PayloadTooLarge', 413);
  return Object.keys(recordOf(body) ?? {}).length === 0 ? refused('PayloadEmpty') : undefined;
}

/** Whether a device address is well-formed. Apple does not promise a length; today it is 64 digits. */
export const isDeviceToken = (address: string): boolean => /^(?:[0-9a-f]{2}){32,100}$/i.test(address);
