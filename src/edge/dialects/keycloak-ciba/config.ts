import { z } from 'zod';
import { pushUrl } from '../../../foundation/settings/index.ts';

/** The signature algorithms that a realm of Keycloak may be allowed. HS* is not among them: only the realm could verify it. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

/** The name of a client or realm as phones show it. */
const shownName = z.string().trim().min(1).max(40);

const client = z.strictObject({
  id: z
    .string()
    .min(1)
    .max(255)
    .meta({ description: 'Client ID in Keycloak (azp in its tokens).', examples: ['till-7'] }),
  displayName: shownName
    .optional()
    .meta({ description: 'The name of the client on the phone. Without it: its client ID.', examples: ['Till 7'] }),
});

/**
 * One realm of a Keycloak that asks this gateway to authenticate users (CIBA). It is an auth server of its own, with
 * the right to trigger.
 * @see docs/protocols/keycloak-ciba.md
 */
export const keycloakConfig = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'a name has letters, digits, dot, underscore and dash')
    .meta({
      description: 'Its name as an auth server: in policies, events and metrics. No entry of authServers may have the same.',
      examples: ['shop'],
    }),
  issuer: pushUrl
    .refine(
      (url) => !url.endsWith('/') && !/[?#]/.test(url),
      'must be the issuer as Keycloak writes it: no slash at its end, no ? and no #',
    )
    .meta({
      description: "The issuer of the realm, exactly as in Keycloak's tokens (iss).",
      examples: ['https://sso.example.com/realms/shop'],
    }),
  jwksUrl: pushUrl.optional().meta({
    description: "Where the realm's public keys are. Without it: /protocol/openid-connect/certs of the issuer.",
    examples: ['https://keycloak.internal:8443/realms/shop/protocol/openid-connect/certs'],
  }),
  callbackUrl: pushUrl.optional().meta({
    description: 'Where results are sent. Without it: /protocol/openid-connect/ext/ciba/auth/callback of the issuer.',
    examples: ['https://keycloak.internal:8443/realms/shop/protocol/openid-connect/ext/ciba/auth/callback'],
  }),
  ca: z
    .string()
    .min(1)
    .optional()
    .meta({
      description: 'PEM file with the certificate authorities of these two addresses. Without it: those of the system.',
      examples: ['certs/keycloak-ca.pem'],
    }),
  algs: z.array(z.enum(algorithms)).min(1).default(['RS256', 'ES256', 'PS256']).describe('Accepted signature algorithms.'),
  clients: z
    .array(client)
    .min(1)
    .optional()
    .describe('Clients that may ask, with their names on the phone. Without it: every client of the realm.'),
  realm: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The realm of the users in this gateway. Without it: the default realm.', examples: ['corp'] }),
  displayName: shownName
    .optional()
    .meta({ description: "The name of Keycloak's realm on the phone. Without it: the last part of the issuer.", examples: ['ACME shop'] }),
  limitSeconds: z
    .int()
    .min(10)
    .max(600)
    .default(115)
    .describe('How long the phone may answer. A little less than Expires In of the CIBA policy in Keycloak, which is not sent.'),
  notEnrolled: z
    .enum(['refuse', 'pretend'])
    .default('refuse')
    .describe(
      'When no phone of the user can be asked. refuse: at once, so that the client can use another way. pretend: as if a phone were asked, with UNAUTHORIZED some seconds later, so that no client learns who has a phone.',
    ),
  requireBindingMessage: z
    .boolean()
    .default(false)
    .describe('Refuses requests without a binding_message: their user has nothing to compare on the phone.'),
  reportTimeouts: z
    .boolean()
    .default(true)
    .describe('Sends UNAUTHORIZED when no phone has answered in time. false: the request then ends by itself in Keycloak.'),
  refusedClaims: z
    .array(z.string().min(1))
    .default(['sid', 'scope', 'realm_access', 'resource_access'])
    .describe('A token with one of these claims is an ordinary access token, and refused.'),
});

/** One realm of a Keycloak, as configured. */
export type KeycloakConfig = z.output<typeof keycloakConfig>;

/** Where the public keys of the realm are. */
export const jwksUrlOf = ({ issuer, jwksUrl }: Pick<KeycloakConfig, 'issuer' | 'jwksUrl'>): string =>
  jwksUrl ?? `${issuer}/protocol/openid-connect/certs`;

/** Where results are sent. */
export const callbackUrlOf = ({ issuer, callbackUrl }: Pick<KeycloakConfig, 'issuer' | 'callbackUrl'>): string =>
  callbackUrl ?? `${issuer}/protocol/openid-connect/ext/ciba/auth/callback`;
