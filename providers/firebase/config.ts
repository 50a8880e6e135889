import { z } from 'zod';
import { proxyUrl, pushUrl, secret } from '../../src/delivery/provider-kit/index.ts';

const projectId = z.string().regex(/^[a-z0-9.:-]{1,80}$/, 'expected the id of a project, such as acme-mfa-1a2b3; not its name or number');

/** What an operator writes as the `config` of a firebase provider. */
export const config = z.strictObject({
  service_account: secret.optional().describe("The service account's key file. Absent: Google's application default credentials."),
  project_id: projectId.optional().describe('Id of the Firebase project. Absent: that of the credentials.'),
  mode: z
    .enum(['data', 'opaque'])
    .default('data')
    .describe('data: the push carries the challenge. opaque: it only rings, and the phone asks for the challenge.'),
  opaque_title: z.string().min(1).max(128).default('Login').describe('Title where the push says nothing about the login.'),
  opaque_text: z.string().min(1).max(512).default('Open the app to answer.').describe('Text where the push says nothing about the login.'),
  dry_run: z.boolean().default(false).describe('FCM looks at every message and delivers none.'),
  proxy: proxyUrl.optional().describe('Proxy for FCM and the token endpoint.'),
  ca: z.string().min(1).optional().describe('PEM file of authorities that are trusted beside those of the system.'),
  api_url: pushUrl.default('https://fcm.googleapis.com').describe('Where FCM is.'),
  token_url: pushUrl.optional().describe("Where access tokens are fetched. Absent: the key file's token_uri."),
  connections: z.int().min(1).max(32).default(4).describe('Connections at most; one more is opened when 100 pushes are under way on each.'),
});

/** The `config` of one firebase provider, checked. */
export type Config = z.output<typeof config>;
