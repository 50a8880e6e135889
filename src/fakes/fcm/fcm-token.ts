import { type KeyObject, randomBytes } from 'node:crypto';
import { type FakeReply, type FakeRequest, json } from '../exchange.ts';
import { type Jwt, readJwt } from '../jwt.ts';

/** The service account whose assertions are valid. */
export type ServiceAccount = { email: string; keyId: string; publicKey: KeyObject };

/** The issued access tokens. */
export type AccessTokens = {
  /** Answers a request to the token endpoint. */
  issue(request: FakeRequest): FakeReply;
  /** The state of a bearer token. */
  check(token: string): 'good' | 'expired' | 'unknown' | 'out-of-scope';
};

type Options = { account: ServiceAccount; clock: () => number; lifeSeconds: number };
type Refusal = { error: string; error_description: string };

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const sendingScopes = ['https://www.googleapis.com/auth/firebase.messaging', 'https://www.googleapis.com/auth/cloud-platform'];
const longestSeconds = 3600;
const skewSeconds = 300;
const shortLived =
  'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.';

/**
 * Opens an OAuth endpoint for one service account (RFC 7523 with Google's rules).
 * @see docs/protocols/delivery.md 2.2
 */
export function openAccessTokens({ account, clock, lifeSeconds }: Options): AccessTokens {
  const issued = new Map<string, { until: number; maySend: boolean }>();
  return {
    issue(request) {
      const read = readAssertion(request);
      const refusal =
        'error' in read ? read : refusalOf(read.jwt, { account, now: clock() / 1000, audience: `https://${request.host}/token` });
      if (refusal) return json(400, refusal);
      const token = `ya29.c.${randomBytes(48).toString('base64url')}`;
      const scopes = 'jwt' in read ? scopesOf(read.jwt) : [];
      issued.set(token, { until: clock() + lifeSeconds * 1000, maySend: scopes.some((scope) => sendingScopes.includes(scope)) });
      return json(200, { access_token: token, expires_in: lifeSeconds - 1, token_type: 'Bearer' });
    },
    check(token) {
      const found = issued.get(token);
      if (!found) return 'unknown';
      if (clock() >= found.until) return 'expired';
      return found.maySend ? 'good' : 'out-of-scope';
    },
  };
}

function readAssertion({ method, headers, body }: FakeRequest): { jwt: Jwt } | Refusal {
  if (method !== 'POST' || !headers['content-type']?.startsWith('application/x-www-form-urlencoded'))
    return { error: 'invalid_request', error_description: 'Required parameter is missing: grant_type' };
  const form = new URLSearchParams(body);
  const asked = form.get('grant_type');
  if (asked !== grantType) return { error: 'unsupported_grant_type', error_description: `Invalid grant_type: ${asked ?? ''}` };
  const jwt = readJwt(form.get('assertion') ?? '');
  return jwt ? { jwt } : invalidGrant('Invalid JWT: Failed to parse.');
}

type Against = { account: ServiceAccount; now: number; audience: string };

function refusalOf(jwt: Jwt, { account, now, audience }: Against): Refusal | undefined {
  const { iss, aud, iat, exp } = jwt.claims;
  if (iss !== account.email) return invalidGrant('Invalid grant: account not found');
  const isKey = jwt.header.kid === undefined || jwt.header.kid === account.keyId;
  if (!isKey || !jwt.isSignedBy(account.publicKey)) return invalidGrant('Invalid JWT Signature.');
  if (aud !== audience) return invalidGrant(`Invalid JWT: Failed audience check. The right audience is ${audience}`);
  if (!isShortLived(iat, exp, now)) return invalidGrant(shortLived);
  if (scopesOf(jwt).length === 0)
    return { error: 'invalid_scope', error_description: 'Invalid OAuth scope or ID token audience provided.' };
  return undefined;
}

function isShortLived(iat: unknown, exp: unknown, now: number): boolean {
  if (typeof iat !== 'number' || typeof exp !== 'number') return false;
  return exp > now && exp > iat && exp - iat <= longestSeconds && iat <= now + skewSeconds;
}

const scopesOf = ({ claims }: Jwt): string[] =>
  typeof claims.scope === 'string' ? claims.scope.split(' ').filter((scope) => scope.startsWith('https://www.googleapis.com/auth/')) : [];

const invalidGrant = (error_description: string): Refusal => ({ error: 'invalid_grant', error_description });
