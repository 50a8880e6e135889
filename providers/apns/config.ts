import { z } from 'zod';
import { proxyUrl, pushUrl, type Secret, secret } from '../../src/delivery/provider-kit/index.ts';

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
  key: secret.optional().describe('Text of the .p8 file with the signing key.'),
  key_id: tenCharacters.optional().describe('Id of the signing key, 10 characters.'),
  team_id: tenCharacters.optional().describe('Id of the team in the developer account, 10 characters.'),
  certificate: z.string().min(1).optional().describe('Instead of a key: .p12 or .pem file with certificate and key.'),
  passphrase: secret.optional().describe('What the certificate file was exported with.'),
  topic: bundleId.describe('Bundle id of the app.'),
  environment: z
    .enum(['production', 'sandbox', 'auto'])
    .default('auto')
    .describe('Environment of the device addresses; auto: determined for each address, production first.'),
  production_url: origin.default('https://api.push.apple.com').describe('Another host or port for production.'),
  sandbox_url: origin.default('https://api.sandbox.push.apple.com').describe('Another host or port for the sandbox.'),
  proxy: proxyUrl.optional().describe('Proxy for the connection to APNs.'),
  ca: z.string().min(1).optional().describe("PEM file of trusted authorities, instead of the system's."),
});

type Fields = z.output<typeof fields>;
type Problem = { path: keyof Fields; message: string };

/** The strict schema: either a key with its two ids, or a certificate. */
export const config = fields.transform(({ key, key_id, team_id, certificate, passphrase, ...rest }, context) => {
  const auth = authOf({ key, key_id, team_id, certificate, passphrase });
  if (!Array.isArray(auth)) return { ...rest, auth };
  for (const { path, message } of auth) context.addIssue({ code: 'custom', path: [path], message });
  return z.NEVER;
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
