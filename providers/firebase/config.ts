import { z } from 'zod';
import { proxyUrl, pushUrl, secret } from '../../src/delivery/provider-kit/index.ts';

const projectId = z.string().regex(/^[a-z0-9.:-]{1,80}$/, 'expected the id of a project, such as acme-mfa-1a2b3; not its name or number');

/** The `config` of a firebase provider. */
export const config = z.strictObject({
  service_account: secret.optional().describe("Key file of the service account. Without it: Google's application default credentials."),
  project_id: projectId
    .optional()
    .meta({ description: 'Id of the Firebase project. Without it: the project of the credentials.', examples: ['acme-mfa-1a2b3'] }),
  mode: z
    .enum(['data', 'opaque'])
    .default('data')
    .describe('data: the push carries the challenge. opaque: the push only rings, and the phone polls for the challenge.'),
  opaque_title: z.string().min(1).max(128).default('Login').describe('Title of an opaque push.'),
  opaque_text: z.string().min(1).max(512).default('Open the app to answer.').describe('Text of an opaque push.'),
  dry_run: z.boolean().default(false).describe('FCM checks every message but delivers none.'),
  proxy: proxyUrl.optional().describe('HTTP proxy to FCM and the token endpoint.'),
  ca: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'PEM file with more trusted certificate authorities, beside those of the system.', examples: ['certs/ca.pem'] }),
  api_url: pushUrl.default('https://fcm.googleapis.com').describe('URL of FCM.'),
  token_url: pushUrl.optional().meta({
    description: 'URL of the token endpoint. Without it: token_uri of the key file.',
    examples: ['https://oauth2.googleapis.com/token'],
  }),
  connections: z
    .int()
    .min(1)
    .max(32)
    .default(4)
    .describe('How many connections may be open. One more opens when 100 pushes are under way on each.'),
});

/** The parsed `config` of a firebase provider. */
export type Config = z.output<typeof config>;
