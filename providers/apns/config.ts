import { z } from 'zod';
import { proxyUrl, pushUrl, type Secret, secret, trustedCa } from '../../src/delivery/provider-kit/index.ts';

/** How we authenticate to APNs: by a signing key, or by the certificate of one app. */
export type Auth =
  | { kind: 'token'; key: Secret; keyId: string; teamId: string }
  | { kind: 'certificate'; certificate: string; passphrase: Secret | undefined };

const tenCharacters = z.string().regex(/^[A-Z0-9]{10}$/, "expected 10 capital letters and digits, as Apple's developer account shows them");
/** APNs replies BadTopic to anything else. @see docs/protocols/delivery.md 2, 2.1 */
const bundleId = z
  .string()
  .regex(/^[A-Za-z0-9.-]{1,255}$/, 'expected the bundle id of the app, such as com.example.authenticator: letters, digits, dot and dash');
const origin = pushUrl.refine((text) => new URL(text).pathname === '/', 'no path belongs here: scheme, host and perhaps a port');

const fields = z.strictObject({
  key: secret.optional().meta({
    description: 'The .p8 file with the signing key. It needs key_id and team_id.',
    examples: [{ $file: 'secrets/AuthKey_ABC1234567.p8' }],
  }),
  key_id: tenCharacters.optional().meta({ description: 'Id of the signing key: 10 capital letters and digits.', examples: ['ABC1234567'] }),
  team_id: tenCharacters
    .optional()
    .meta({ description: 'Id of the team in the developer account: 10 capital letters and digits.', examples: ['DEF8901234'] }),
  certificate: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'A .p12 or .pem file with certificate and key, instead of a signing key.', examples: ['secrets/apns.p12'] }),
  passphrase: secret.optional().describe('Passphrase of the certificate file.'),
  topic: bundleId.meta({ description: 'Bundle id of the app.', examples: ['com.example.authenticator'] }),
  environment: z
    .enum(['production', 'sandbox', 'auto'])
    .default('auto')
    .describe('The environment that device addresses belong to. auto: the provider finds it out for each address, production first.'),
  production_url: origin.default('https://api.push.apple.com').describe('URL of the production service.'),
  sandbox_url: origin.default('https://api.sandbox.push.apple.com').describe('URL of the sandbox service.'),
  proxy: proxyUrl.optional().describe('HTTP proxy to APNs (CONNECT).'),
  ca: trustedCa,
});

type Fields = z.output<typeof fields>;
type Problem = { path: keyof Fields; message: string };

/** The strict schema; either a key with its two ids, or a certificate. */
export const config = fields
  .transform(({ key, key_id, team_id, certificate, passphrase, ...rest }, context) => {
    const auth = authOf({ key, key_id, team_id, certificate, passphrase });
    if (!Array.isArray(auth)) return { ...rest, auth };
    for (const { path, message } of auth) context.addIssue({ code: 'custom', path: [path], message });
    return z.NEVER;
  })
  .meta({
    examples: [
      { key: { $file: 'secrets/AuthKey_ABC1234567.p8' }, key_id: 'ABC1234567', team_id: 'DEF8901234', topic: 'com.example.authenticator' },
    ],
  });

function authOf({ key, key_id, team_id, certificate, passphrase }: Partial<Fields>): Auth | Problem[] {
  const parts = { key, key_id, team_id };
  const given = Object.values(parts).filter((part) => part !== undefined).length;
  if (certificate !== undefined) {
    if (given > 0) return [{ path: 'certificate', message: 'give either key, key_id and team_id, or a certificate, not both' }];
    return { kind: 'certificate', certificate, passphrase };
  }
  if (given === 0) return [{ path: 'key', message: 'give key, key_id and team_id for a .p8 key, or certificate for a .p12 or .pem file' }];
  if (passphrase) return [{ path: 'passphrase', message: 'a passphrase belongs to a certificate; a .p8 key has none' }];
  if (key && key_id !== undefined && team_id !== undefined) return { kind: 'token', key, keyId: key_id, teamId: team_id };
  const names = ['key', 'key_id', 'team_id'] as const;
  return names
    .filter((name) => parts[name] === undefined)
    .map((path) => ({ path, message: 'give key, key_id and team_id together; this one is missing' }));
}
