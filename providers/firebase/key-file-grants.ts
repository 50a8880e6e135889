import { z } from 'zod';
import { type DeliveryOutcome, type Http, type HttpReply, parseJson, retryAfterMs } from '../../src/delivery/provider-kit/index.ts';
import type { Granted, GrantSource } from './access-token.ts';
import type { ServiceAccount } from './service-account.ts';

/** The key file, the token endpoint's URL, the project, an HTTP client and the clock. */
export type KeyFileGrants = { account: ServiceAccount; url: string; project: string; http: Http; clock: () => number };

const scope = 'https://www.googleapis.com/auth/firebase.messaging';
const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const lifeSeconds = 3600;
const oddClockMs = 60_000;

/** The maximum accepted life time: a token without an end would never be renewed. */
const mostLifeSeconds = 86_400;

const TokenReply = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  expires_in: z
    .number()
    .positive()
    .transform((seconds) => Math.min(seconds, mostLifeSeconds)),
});
const ErrorReply = z.object({ error: z.string().regex(/^[a-z_]{1,40}$/) });

/**
 * Access tokens for a key file: exchanges a JWT, signed with its key, at the token endpoint (RFC 7523).
 * @see docs/protocols/delivery.md 2.2
 */
export function keyFileGrants({ account, url, project, http, clock }: KeyFileGrants): GrantSource {
  return async (signal) => {
    const now = clock();
    const body = new URLSearchParams({ grant_type: grantType, assertion: await assertion(account, now) }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
    const reply = await http.request({ method: 'POST', url, headers, body, signal });
    const { host } = new URL(url);
    if (!reply.ok) return { ok: false, error: { kind: 'unavailable', reason: reply.error, detail: `${host}, for an access token` } };
    return grantIn(reply.value, host, { project, now, repliedAt: clock() });
  };
}

async function assertion({ email, key, keyId, tokenUri }: ServiceAccount, now: number): Promise<string> {
  const { SignJWT } = await import('jose');
  const seconds = Math.floor(now / 1000);
  return new SignJWT({ scope })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) })
    .setIssuer(email)
    .setAudience(tokenUri)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + lifeSeconds)
    .sign(key);
}

/** The project of a grant, and the times of request and reply (epoch ms). */
export type GrantFacts = { project: string; now: number; repliedAt: number };

/** The grant in a reply of the token endpoint, or the outcome of its refusal. */
export function grantIn(given: HttpReply, host: string, { project, now, repliedAt }: GrantFacts): Granted {
  const { status, body } = given;
  if (status < 200 || status > 299) return { ok: false, error: refusal(given, host, repliedAt) };
  const reply = TokenReply.safeParse(parseJson(body));
  if (!reply.success)
    return { ok: false, error: { kind: 'unavailable', reason: 'garbage', detail: `${host} answered ${status} without an access token` } };
  const { access_token, expires_in } = reply.data;
  return { ok: true, value: { token: access_token, project, expiresAt: now + expires_in * 1000 } };
}

function refusal({ status, headers, body }: HttpReply, host: string, now: number): DeliveryOutcome {
  const { error } = ErrorReply.catch({ error: '' }).parse(parseJson(body));
  const detail = `${host} gave no access token: ${status} ${error}`.trimEnd();
  const wait = retryAfterMs(headers, now);
  if (status === 429) return { kind: 'unavailable', reason: 'throttled', detail, retryAfterMs: wait };
  if (status >= 500 || status === 408) return { kind: 'unavailable', reason: 'server', detail, retryAfterMs: wait };
  if (status === 400 || status === 401 || status === 403)
    return { kind: 'rejected', reason: 'credentials', detail: `${detail}. ${remedy(headers.date, now)}` };
  return { kind: 'rejected', reason: 'configuration', detail: `${detail}. Check token_uri in the key file, and token_url.` };
}

/** A wrong clock and a wrong key get the same error; the reply's `Date` tells them apart. */
function remedy(date: string | undefined, now: number): string {
  const difference = now - Date.parse(date ?? '');
  if (Math.abs(difference) > oddClockMs) {
    const seconds = Math.round(Math.abs(difference) / 1000);
    return `This machine's clock is ${seconds} s ${difference > 0 ? 'ahead' : 'behind'}: set it.`;
  }
  return "The key was deleted, its service account is disabled, or this machine's clock is wrong. Check all three, or make a new key.";
}
