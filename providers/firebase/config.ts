import { z } from 'zod';
import { proxyUrl, pushUrl, secret } from '../../src/delivery/provider-kit/index.ts';

const projectId = z.string().regex(/^[a-z0-9.:-]{1,80}$/, 'expected the id of a project, such as acme-mfa-1a2b3; not its name or number');

/** The `config` of a firebase provider. */
export const config = z.strictObject({
  service_account: secret.optional().describe("The service account's key file. Absent: Google's application default credentials."),
  project_id: projectId.optional().describe('Id of the Firebase project. Absent: that of the credentials.'),
  mode: z
    .enum(['data', 'opaque'])
    .default('data')
    .describe('data: the push carries the challenge. opaque: it only wakes the app, which then polls for the challenge.'),
  opaque_title: z.string().min(1).max(128).default('Login').describe('Title of a push without the challenge.'),
  opaque_text: z.string().min(1).max(512).default('Open the app to answer.').describe('Text of a push without the challenge.'),
  dry_run: z.boolean().default(false).describe('FCM checks every message and delivers none.'),
  proxy: proxyUrl.optional().describe('Proxy for FCM and the token endpoint.'),
  ca: z.string().min(1).optional().describe("PEM file of trusted authorities, in addition to the system's."),
  api_url: pushUrl.default('https://fcm.googleapis.com').describe('URL of FCM.'),
  token_url: pushUrl.optional().describe("URL for access tokens. Absent: the key file's token_uri."),
  connections: z
    .int()
    .min(1)
    .max(32)
    .default(4)
    .describe('Maximum of connections; a further one is opened when 100 pushes are under way on each.'),
});

/** The parsed `config` of a firebase provider. */
export type Config = z.output<typeof config>;
