import { randomUUID } from 'node:crypto';
import type { Devices } from '../devices.ts';
import { type Fake, type FakeAnswer, type FakeReply, type FakeRequest, json } from '../exchange.ts';
import { recordOf } from '../jwt.ts';
import { isDeviceToken, whyNotHeaders, whyNotPayload } from './apns-rules.ts';
import type { ProviderTokens, Refusal } from './apns-token.ts';

/** The parts of one APNs environment. `topics` are bundle ids. */
export type ApnsOptions = {
  environment: 'production' | 'sandbox';
  tokens: ProviderTokens;
  topics: readonly string[];
  devices: Devices;
  clock: () => number;
};

const devicePath = /^\/3\/device(?:\/([^/]*))?$/;

/**
 * APNs: `POST /3/device/{address}`. The caller authenticates by a provider token, or by a client certificate whose
 * common name is then the topic. An address of the other environment is a BadDeviceToken.
 * @see docs/protocols/delivery.md 2, 2.1
 */
export function openApns(options: ApnsOptions): Fake {
  return {
    name: options.environment === 'production' ? 'apns' : 'apns-sandbox',
    aimOf: ({ path }) => ({ endpoint: 'send', address: devicePath.exec(path)?.[1] || undefined }),
    answer(request) {
      const refusal = whyNot(options, request);
      return refusal ? refuse(request, refusal) : take(options, request);
    },
    failure({ reason }, status, request) {
      const usual = usualReasons[status] ?? 'InternalServerError';
      return fail(request, { status, reason: reason ?? usual, ...(status === 410 && { timestamp: options.clock() }) });
    },
  };
}

type RefusalWithTime = Refusal & { timestamp?: number };

function whyNot(options: ApnsOptions, request: FakeRequest): RefusalWithTime | undefined {
  const { tokens, topics } = options;
  const found = devicePath.exec(request.path);
  if (!found) return { status: 404, reason: 'BadPath' };
  if (request.method !== 'POST') return { status: 405, reason: 'MethodNotAllowed' };
  const { certificate, headers } = request;
  if (certificate && !certificate.trusted) return { status: 403, reason: 'BadCertificate' };
  const unproven = certificate ? undefined : tokens.whyNot(headers.authorization);
  if (unproven) return unproven;
  const asked = withTopic(request);
  return (
    whyNotHeaders(asked, certificate ? [certificate.subject] : topics) ?? whyNotDevice(options, asked, found[1]) ?? whyNotPayload(asked)
  );
}

/** A certificate implies its one topic, which may be omitted. */
function withTopic(request: FakeRequest): FakeRequest {
  if (!request.certificate) return request;
  return { ...request, headers: { 'apns-topic': request.certificate.subject, ...request.headers } };
}

function whyNotDevice({ environment, devices }: ApnsOptions, { headers }: FakeRequest, address = ''): RefusalWithTime | undefined {
  if (address === '') return { status: 400, reason: 'MissingDeviceToken' };
  const device = devices.find(address);
  // No device has an address of zeros; senders use it to check their credentials.
  if (!isDeviceToken(address) || /^0+$/.test(address) || (device?.environment ?? environment) !== environment)
    return { status: 400, reason: 'BadDeviceToken' };
  const topic = headers['apns-topic'] ?? '';
  if (device?.topics && !device.topics.some((each) => topic === each || topic.startsWith(`${each}.`)))
    return { status: 400, reason: 'DeviceTokenNotForTopic' };
  if (device?.unregisteredSince === undefined) return undefined;
  return { status: 410, reason: 'Unregistered', timestamp: device.unregisteredSince };
}

function take({ environment }: ApnsOptions, request: FakeRequest): FakeAnswer {
  const id = idOf(request);
  const unique = environment === 'sandbox' ? { 'apns-unique-id': randomUUID() } : {};
  const headers = Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) => (name.startsWith('apns-') && value ? [[name, value]] : [])),
  );
  const taken = { address: devicePath.exec(request.path)?.[1] ?? '', id, headers, payload: recordOf(request.body) };
  return { reply: { status: 200, headers: { 'apns-id': id, ...unique }, body: '' }, what: 'sent', taken };
}

const refuse = (request: FakeRequest, refusal: RefusalWithTime): FakeAnswer => ({ reply: fail(request, refusal), what: refusal.reason });

function fail(request: FakeRequest, { status, reason, timestamp }: RefusalWithTime): FakeReply {
  return json(status, { reason, ...(timestamp !== undefined && { timestamp }) }, { 'apns-id': idOf(request) });
}

const idOf = ({ headers }: FakeRequest): string => headers['apns-id'] ?? randomUUID().toUpperCase();

const usualReasons: Readonly<Record<number, string>> = {
  400: 'BadDeviceToken',
  403: 'InvalidProviderToken',
  404: 'BadPath',
  405: 'MethodNotAllowed',
  410: 'Unregistered',
  413: 'PayloadTooLarge',
  429: 'TooManyRequests',
  500: 'InternalServerError',
  503: 'ServiceUnavailable',
};
