import type { KeyObject } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { z } from 'zod';
import { demandName } from '../../foundation/model/index.ts';
import { expressionProblem, isWhole } from '../../foundation/patterns/index.ts';
import { readPublicKey, secret } from '../../foundation/settings/index.ts';
import type { Holder } from './holder.ts';

const curves: Readonly<Record<string, string>> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' };
const leastRsaBits = 2048;
const dayMs = 24 * 60 * 60_000;
const daysOfYear = 365;
/** Tolerated clock difference of an issuer. */
const skewMs = 120_000;
/** The longest accepted life time; longer tokens count as endless. */
const mostYears = 10;

/** Accepted JWTs of another issuer: the claims they must have, and the key that verifies them. */
export const trustedJwtConfig = z
  .strictObject({
    publicKey: secret.describe('Public key of the issuer (PEM).'),
    algorithm: z
      .enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'])
      .describe('The signature algorithm of the issuer.'),
    role: z.enum(['admin', 'validate']).describe('The role in the JWTs: admin for administrators, validate for auth servers.'),
    realm: z
      .string()
      .default('')
      .meta({ description: 'The exact realm in the JWTs.', examples: ['admins'] }),
    resolver: z
      .string()
      .default('')
      .meta({ description: 'The exact resolver in the JWTs.', examples: ['ad'] }),
    username: z
      .string()
      .superRefine((pattern, context) => {
        const message = expressionProblem(pattern);
        if (message !== undefined) context.addIssue({ code: 'custom', message });
      })
      .meta({ description: 'Regular expression for the whole user name in the JWTs.', examples: ['.*@example\\.com'] }),
    authServer: z
      .string()
      .optional()
      .meta({ description: 'The auth server that these callers belong to. Role validate needs it.', examples: ['portal'] }),
    issuer: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: 'The exact issuer (iss) in the JWTs. Without it any issuer with this key is accepted.',
        examples: ['https://idp.example.com'],
      }),
    audience: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'The audience (aud) that the JWTs must name. Without it any audience is accepted.', examples: ['pushgate'] }),
    maxLifeDays: z
      .number()
      .positive()
      .max(mostYears * daysOfYear)
      .optional()
      .meta({
        description: 'The longest lifetime of a JWT, from iat to exp. Without it: a JWT may expire up to 10 years from now.',
        examples: [1],
      }),
  })
  .superRefine(({ publicKey, algorithm, role, authServer }, context) => {
    const why = misfit(publicKey.reveal(), algorithm);
    if (why !== undefined) context.addIssue({ code: 'custom', path: ['publicKey'], message: why });
    if (role === 'validate' && authServer === undefined)
      context.addIssue({
        code: 'custom',
        path: ['authServer'],
        message: 'tokens of role validate need the auth server that they speak for',
      });
  });

/** One entry of `trustedJwts`. */
export type TrustedJwt = z.output<typeof trustedJwtConfig>;

/** The optional restrictions that this entry lacks; only present ones are checked. */
export const unnamedIn = (entry: TrustedJwt): ('issuer' | 'audience' | 'maxLifeDays')[] =>
  (['issuer', 'audience', 'maxLifeDays'] as const).filter((key) => entry[key] === undefined);

/**
 * The holder of a token by the first matching entry: signature, algorithm, issuer, audience, life time, role, realm,
 * resolver and user name. Undefined when no entry matches. Rejects with jose's error when only the time does not match,
 * and with `OverlongText` when a valid token names an impossible user. Refuses a token without an end, or with one in
 * more than ten years.
 */
export async function verifyTrusted(token: string, trusted: readonly TrustedJwt[], now: number): Promise<Holder | undefined> {
  for (const entry of trusted) {
    const key = readPublicKey(entry.publicKey.reveal());
    const payload = key.ok ? await verified(token, key.value, entry, now) : undefined;
    if (payload && fits(payload, entry) && isShortLived(payload, entry, now)) {
      const { role, realm, authServer } = entry;
      return { role, name: nameOf(String(payload.username)), realm, rights: [], authServer, until: (payload.exp ?? 0) * 1000 };
    }
  }
  return undefined;
}

async function verified(
  token: string,
  key: KeyObject,
  { algorithm, issuer, audience }: TrustedJwt,
  now: number,
): Promise<JWTPayload | undefined> {
  const { errors, jwtVerify } = await import('jose');
  try {
    const named = { ...(issuer === undefined ? {} : { issuer }), ...(audience === undefined ? {} : { audience }) };
    const options = { ...named, algorithms: [algorithm], currentDate: new Date(now), requiredClaims: ['exp'] };
    return (await jwtVerify(token, key, options)).payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw error;
    return undefined;
  }
}

function fits({ role, realm = '', resolver = '', username }: JWTPayload, entry: TrustedJwt): boolean {
  const isOne = role === entry.role && realm === entry.realm && resolver === entry.resolver;
  if (!isOne || typeof username !== 'string' || username.trim() === '') return false;
  return isWhole(entry.username, nameOf(username));
}

/** Without `iat` the life time is unknown, so the token matches no entry with `maxLifeDays`. */
function isShortLived({ exp = 0, iat }: JWTPayload, { maxLifeDays }: TrustedJwt, now: number): boolean {
  if (exp * 1000 - now > mostYears * daysOfYear * dayMs) return false;
  if (maxLifeDays === undefined) return true;
  return iat !== undefined && iat * 1000 <= now + skewMs && (exp - iat) * 1000 <= maxLifeDays * dayMs;
}

const nameOf = (username: string): string => demandName('The username of the token', username);

/** Why a key cannot verify tokens of this algorithm. */
function misfit(pem: string, algorithm: string): string | undefined {
  // A missing secret has been reported already.
  if (pem === '') return undefined;
  const read = readPublicKey(pem);
  if (!read.ok) return `expected a public key as PEM (BEGIN PUBLIC KEY); ${read.error}`;
  const key = read.value;
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (algorithm.startsWith('ES'))
    return namedCurve === curves[algorithm] ? undefined : `${algorithm} needs an EC key on the curve ${curves[algorithm]}`;
  return key.asymmetricKeyType === 'rsa' && modulusLength >= leastRsaBits
    ? undefined
    : `${algorithm} needs an RSA key of ${leastRsaBits} bits or more`;
}
