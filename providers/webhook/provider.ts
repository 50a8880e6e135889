/**
 * Sends pushes to a server of the operator's as signed HTTP requests, for phones that no other provider reaches. Serves
 * every kind of address and gets all addresses of a phone, once per challenge. Wire: POST {"version", "transactionId",
 * "handle", "phone", "payload", "address": {"kind", "value"}, "addresses", "expiresAt"}; 2xx means accepted.
 * @see providers/webhook/README.md
 */
import { z } from 'zod';
import {
  connectRead,
  defineProvider,
  GatewayFault,
  pushUrl,
  readAll,
  Secret,
  secret,
  tlsFields,
  tlsOptions,
  tlsReaders,
} from '../../src/delivery/provider-kit/index.ts';
import { fromWire } from './outcomes.ts';
import { checkBody, idempotencyKey, pushBody, signature } from './request.ts';

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]+$/, 'a header has letters, digits and dashes')
  .refine((name) => !ownHeaders.includes(name.toLowerCase()), 'this header is set by the gateway');
const ownHeaders = ['content-type', 'content-length', 'transfer-encoding', 'connection', 'host', 'idempotency-key', 'pushgate-signature'];

const config = z.strictObject({
  url: pushUrl
    .refine(hasNoCredentials, 'put user and password into headers')
    .meta({ description: 'URL that pushes are posted to.', examples: ['https://push.example.com/pushgate'] }),
  signing_key: secret.describe('Key of the signature, at least 32 characters. The receiver has the same key.'),
  headers: z
    .record(headerName, z.union([z.string(), secret]))
    .default({})
    .meta({ description: 'More request headers. A value may be a secret.', examples: [{ 'x-tenant': 'acme' }] }),
  ...tlsFields,
  timeout: connectRead
    .prefault('3,5')
    .meta({ description: 'Time to connect and time for the reply: "3,5", or one number for both.', unit: 'seconds' }),
});

export default defineProvider({
  kind: 'webhook',
  addresses: ['fcm', 'apns', 'gda', 'webpush'],
  // The receiver detects duplicates by Idempotency-Key.
  idempotent: true,
  addressesAtOnce: true,
  config,
  open({ url, timeout, ...settings }, host) {
    const { signing_key, headers, ...files } = readAll({
      signing_key: () => signingKeyOf(settings.signing_key),
      headers: () => readHeaders(settings.headers),
      ...tlsReaders(settings, host),
    });
    const http = host.openHttp({ ...tlsOptions(settings, files), connectTimeoutMs: timeout.connectMs, passTrace: true });
    const post = (body: string, more: Record<string, string>, signal: AbortSignal) => {
      const signed = { 'pushgate-signature': signature(body, signing_key, host.clock()), 'content-type': 'application/json', ...more };
      const limit = AbortSignal.timeout(timeout.connectMs + timeout.readMs);
      return http.request({ method: 'POST', url, headers: { ...headers, ...signed }, body, signal: AbortSignal.any([signal, limit]) });
    };
    const { host: name } = new URL(url);
    return {
      async deliver(push, signal) {
        return fromWire(await post(pushBody(push), { 'idempotency-key': idempotencyKey(push) }, signal), name, host.clock());
      },
      async check(signal) {
        const outcome = fromWire(await post(checkBody, {}, signal), name, host.clock());
        if (outcome.kind === 'sent') return { ok: true, detail: `${name} accepts our signature` };
        return { ok: false, problem: `a signed check was refused (${outcome.reason}): ${outcome.detail ?? name}` };
      },
      expires: () => files.access_certificate?.expiries ?? [],
      close: () => http.close(),
    };
  },
});

function hasNoCredentials(text: string): boolean {
  const { username, password } = new URL(text);
  return username === '' && password === '';
}

function signingKeyOf(key: Secret): string {
  const text = key.reveal();
  if (text.length >= 32) return text;
  throw new GatewayFault('config-invalid', 'The signing key is too short. Make one of 32 characters or more: openssl rand -hex 32.');
}

function readHeaders(headers: Readonly<Record<string, string | Secret>>): Record<string, string> {
  return readAll(
    Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name.toLowerCase(),
        () => headerText(value instanceof Secret ? value.reveal() : value),
      ]),
    ),
  );
}

function headerText(text: string): string {
  if (/^[\t\x20-\x7e]*$/.test(text)) return text;
  throw new GatewayFault('config-invalid', 'A header has printable ASCII in one line.');
}
