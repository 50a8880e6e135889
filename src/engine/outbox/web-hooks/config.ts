import { z } from 'zod';
import { eventKinds } from '../../../foundation/model/index.ts';
import { oneOrMany, pushUrl, secret } from '../../../foundation/settings/index.ts';
import { isPublic } from '../../../foundation/wire/networks.ts';
import { readHookKey } from './signature.ts';

const fields = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'a name has letters, digits, dot, underscore and dash')
    .meta({ description: 'Name of the web hook, for its messages in the outbox.', examples: ['billing'] }),
  authServer: z.string().meta({ description: 'The auth server whose logins it gets events of.', examples: ['shop'] }),
  url: pushUrl.meta({ description: 'URL that events are posted to.', examples: ['https://shop.example.com/pushgate-events'] }),
  secret: oneOrMany(secret).meta({
    description:
      'Key of the signature: whsec_ and base64 for HMAC-SHA256, whsk_ and base64 for Ed25519. Of several, each signs: list the old and the new one while you replace it.',
    examples: [{ $env: 'SHOP_HOOK_SECRET' }],
  }),
  events: z
    .array(z.enum(eventKinds))
    .min(1)
    .optional()
    .meta({ description: 'The events that it gets. Without it: all.', examples: [['challenge.accepted', 'challenge.declined']] }),
  allowPrivate: z
    .boolean()
    .default(false)
    .describe('Sends to addresses of private networks and of this machine too. Without it, only to public addresses.'),
});

/** One web hook of the configuration. */
export const webHookConfig = fields.superRefine(({ url, secret: keys, allowPrivate }, context) => {
  for (const [index, key] of keys.entries()) {
    const text = key.reveal();
    // A missing secret has been reported already.
    const read = text === '' ? undefined : readHookKey(text);
    if (read && !read.ok) context.addIssue({ code: 'custom', path: ['secret', index], message: read.error });
  }
  const { username, password, hostname } = new URL(url);
  if (username !== '' || password !== '')
    context.addIssue({ code: 'custom', path: ['url'], message: 'has a user or password; the receiver checks the signature instead' });
  if (!allowPrivate && isOwnHost(hostname))
    context.addIssue({ code: 'custom', path: ['url'], message: 'is not a public address; set allowPrivate if it is meant' });
});

/** Whether a host is an address that is not public, or this machine. */
function isOwnHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  return host === 'localhost' || (/^[\d.]+$|:/.test(host) && !isPublic(host));
}

/** A web hook of the configuration. */
export type WebHook = z.output<typeof webHookConfig>;
