import type { z } from 'zod';
import type { Device } from '../devices.ts';
import type { FakeReply } from '../exchange.ts';
import { isRecord, recordOf } from '../jwt.ts';
import { type FcmMessage, SendRequest, snakeCased } from './fcm-schema.ts';
import { googleError } from './google-error.ts';

/** A valid request to send, or Google's refusal. */
export type ReadSend = { message: FcmMessage; validateOnly: boolean } | { refused: FakeReply; what: string };

/** Reads the body of `messages:send` as strictly as Google: names and types first, then values. */
export function readSend(body: string): ReadSend {
  const value = recordOf(body);
  if (!value) return { refused: googleError(400, 'Invalid JSON payload received. Unexpected token.'), what: 'INVALID_ARGUMENT' };
  const input = snakeCased(value);
  const read = SendRequest.safeParse(input);
  if (!read.success) {
    const violations = read.error.issues.flatMap((issue) => violationsOf(issue, input));
    const message = violations.map(({ description }) => description).join('\n');
    return { refused: googleError(400, message, { violations }), what: 'INVALID_ARGUMENT' };
  }
  const { message, validate_only: validateOnly = false } = read.data;
  const refused = whyNot(message);
  return refused ? { refused, what: 'INVALID_ARGUMENT' } : { message, validateOnly };
}

function violationsOf(issue: z.core.$ZodIssue, input: unknown): { field: string; description: string }[] {
  const { field, value } = walk(input, issue.path);
  if (issue.code !== 'unrecognized_keys')
    return [{ field, description: `Invalid value at '${field}' (${issue.message}), ${JSON.stringify(value) ?? 'null'}` }];
  return issue.keys.map((key) => ({
    field,
    description: `Invalid JSON payload received. Unknown name "${key}"${field === '' ? '' : ` at '${field}'`}: Cannot find field.`,
  }));
}

/** The path of a field in protobuf notation (map entries by index), and its value. */
function walk(input: unknown, path: readonly PropertyKey[]): { field: string; value: unknown } {
  let value = input;
  let field = '';
  for (const step of path) {
    if (isRecord(value) && /(?:^|\.)(?:data|headers)$/.test(field)) field += `[${Object.keys(value).indexOf(String(step))}].value`;
    else field += typeof step === 'number' ? `[${step}]` : `${field === '' ? '' : '.'}${String(step)}`;
    value = Array.isArray(value) ? value[Number(step)] : isRecord(value) ? value[String(step)] : undefined;
  }
  return { field, value };
}

const reserved = /^(?:from|message_type|google.*|gcm.*)$/;
const longestTtl = 28 * 86_400;
const tokenForm = /^[\w:.~-]{1,4096}$/;

function whyNot(message: FcmMessage): FakeReply | undefined {
  const targets = [message.token, message.topic, message.condition].filter((target) => target !== undefined && target !== '');
  if (targets.length === 0) return argument('Recipient of the message is not set.', 'message');
  if (targets.length > 1) return argument('Only one of token, topic and condition may be set.', 'message');
  for (const [field, data] of [['message.data', message.data] as const, ['message.android.data', message.android?.data] as const]) {
    const at = Object.keys(data ?? {}).findIndex((key) => reserved.test(key));
    const key = Object.keys(data ?? {})[at];
    if (key !== undefined) return argument(`Invalid data payload key: ${key}`, `${field}[${at}].key`);
  }
  const ttl = Number.parseFloat(message.android?.ttl ?? '0');
  if (ttl < 0 || ttl > longestTtl) return argument('TTL value must be between 0 and 2419200 seconds.', 'message.android.ttl');
  if (sizeOf(message) > (message.topic === undefined ? 4096 : 2048)) return argument('Android message is too big', 'message');
  if (message.token !== undefined && !tokenForm.test(message.token))
    return googleError(400, 'The registration token is not a valid FCM registration token', { fcm: 'INVALID_ARGUMENT' });
  return undefined;
}

/** The device's refusal of a valid message, if any. */
export function refusedByDevice(device: Device | undefined, project: string): { refused: FakeReply; what: string } | undefined {
  if (device?.sender !== undefined && device.sender !== project)
    return { refused: googleError(403, 'SenderId mismatch', { fcm: 'SENDER_ID_MISMATCH' }), what: 'SENDER_ID_MISMATCH' };
  if (device?.unregisteredSince !== undefined)
    return { refused: googleError(404, 'Requested entity was not found.', { fcm: 'UNREGISTERED' }), what: 'UNREGISTERED' };
  return undefined;
}

const argument = (message: string, field: string): FakeReply =>
  googleError(400, message, { violations: [{ field, description: message }], fcm: 'INVALID_ARGUMENT' });

/** Bytes of all keys and values that reach the device. */
function sizeOf({ data = {}, notification = {}, android = {} }: FcmMessage): number {
  const parts = [{ ...data, ...android.data }, notification, android.notification ?? {}];
  return parts
    .flatMap((part) => Object.entries(part))
    .reduce(
      (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value)),
      0,
    );
}
