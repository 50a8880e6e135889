/**
 * Web Push to browsers and UnifiedPush apps: encrypts the payload for the phone, and identifies the sender by VAPID.
 * The enrolling user chooses the push service, so private targets are refused at connection time, and redirects are not
 * followed. Wire: POST to the endpoint with TTL, Urgency and Topic; 201 means accepted.
 * @see RFC 8030, RFC 8291, RFC 8292; docs/protocols/delivery.md 4.3
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  defineProvider,
  type Http,
  openGlob,
  type ProviderHost,
  type Push,
  proxyUrl,
  readAll,
  readAuthorities,
  readSubscription,
  secret,
  trustedCa,
} from '../../src/delivery/provider-kit/index.ts';
import { encrypt, maxPayloadBytes } from './encryption.ts';
import { fromWire, notSent } from './outcomes.ts';
import { openVapid } from './vapid.ts';

const config = z
  .strictObject({
    subject: z
      .string()
      .regex(/^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/, 'expected mailto:somebody@example.com or https://…')
      .meta({ description: 'Contact for the push services, mailto: or https:.', examples: ['mailto:push@example.com'] }),
    private_key: secret.describe('VAPID private key: the 32 bytes of a P-256 key in base64url.'),
    urgency: z
      .enum(['very-low', 'low', 'normal', 'high'])
      .default('high')
      .describe('Urgency header: how soon the push service wakes a sleeping phone.'),
    topic_header: z.boolean().default(true).describe('Send a Topic header, so that a push service replaces a push that still waits.'),
    allowed_hosts: z
      .array(z.string().regex(/^[a-z0-9*.:[\]-]+$/, 'expected a host in lower case, such as *.push.example.com'))
      .min(1)
      .optional()
      .meta({
        description: 'Hosts of push services; * stands for any text. Without it: any public host.',
        examples: [['*.push.example.com']],
      }),
    allow_private_targets: z
      .boolean()
      .default(false)
      .describe('Push to private and local addresses too, for development or a push service of your own.'),
    allow_unencrypted: z.boolean().default(false).describe('Push to UnifiedPush URLs without keys. Their server can read the payload.'),
    ca: trustedCa,
    proxy: proxyUrl.optional().describe('HTTP proxy to all push services.'),
  })
  .refine(({ proxy, allowed_hosts, allow_private_targets }) => proxy === undefined || allowed_hosts || allow_private_targets, {
    path: ['proxy'],
    message: 'behind a proxy the gateway cannot check the address of a name; set allowed_hosts, or allow_private_targets',
  });

export default defineProvider({
  kind: 'webpush',
  addresses: ['webpush'],
  // Duplicates are replaced by topic, and by the id in the payload.
  idempotent: true,
  serverPerAddress: true,
  config,
  open(settings, host) {
    const { subject, private_key, allowed_hosts, allow_unencrypted } = settings;
    const { private_key: vapid, ca } = readAll({
      private_key: () => openVapid(subject, private_key),
      ca: () => (settings.ca === undefined ? undefined : readAuthorities(host.path(settings.ca))),
    });
    const http = openWire(settings, ca, host);
    const isAllowed = hostFilter(allowed_hosts);
    return {
      async deliver(push, signal) {
        const subscription = readSubscription(push.address?.value ?? '');
        if (!subscription) return notSent('the address is neither a PushSubscription nor an https URL');
        const { endpoint, keys } = subscription;
        if (!isAllowed(endpoint.hostname)) return notSent('the push service of this address is not among allowed_hosts');
        if (!keys && !allow_unencrypted) return notSent('the address has no keys, and allow_unencrypted is not set');
        if (Buffer.byteLength(push.payload) > maxPayloadBytes) return notSent(`the payload has more than ${maxPayloadBytes} bytes`);
        const now = host.clock();
        const headers = { ...headersOf(push, settings, now), authorization: vapid.authorization(endpoint.origin, now) };
        const sealed = keys
          ? { headers: { ...headers, 'content-encoding': 'aes128gcm' }, body: encrypt(push.payload, keys) }
          : { headers, body: push.payload };
        return fromWire(await http.request({ method: 'POST', url: endpoint.href, ...sealed, signal }), now);
      },
      check: async () =>
        vapid.works()
          ? {
              ok: true,
              detail: `the VAPID key pair signs, public key ${vapid.publicKey}; no push service was asked, each address has its own`,
            }
          : { ok: false, problem: 'the VAPID key pair does not sign; make a new one' },
      expires: () => [],
      close: () => http.close(),
    };
  },
});

type Settings = z.output<typeof config>;

function openWire({ proxy, allow_private_targets }: Settings, ca: string | undefined, { openHttp }: ProviderHost): Http<'forbidden'> {
  if (proxy !== undefined) return openHttp({ ca, proxy });
  return allow_private_targets ? openHttp({ ca }) : openHttp({ ca, publicTargetsOnly: true });
}

function headersOf({ handle, expiresAt }: Push, { urgency, topic_header }: Settings, now: number): Record<string, string> {
  return {
    ttl: String(Math.max(0, Math.floor((expiresAt - now) / 1000))),
    urgency,
    'content-type': 'application/octet-stream',
    ...(topic_header && { topic: createHash('sha256').update(handle).digest('base64url').slice(0, 32) }),
  };
}

function hostFilter(globs: readonly string[] | undefined): (host: string) => boolean {
  if (!globs) return () => true;
  const forms = globs.map(openGlob);
  return (host) => forms.some((isForm) => isForm(host));
}
