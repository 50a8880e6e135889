import { type KeyObject, verify } from 'node:crypto';

/** A signed token as received, not verified yet. */
export type Jwt = {
  header: Readonly<Record<string, unknown>>;
  claims: Readonly<Record<string, unknown>>;
  /** Whether this key signed it with the required algorithm: RS256 for RSA, ES256 for P-256. */
  isSignedBy(key: KeyObject): boolean;
};

/** Parses a compact JWT (RFC 7515 7.1). Undefined for anything else. */
export function readJwt(text: string): Jwt | undefined {
  const parts = text.split('.');
  if (parts.length !== 3 || parts.some((part) => !/^[\w-]+$/.test(part))) return undefined;
  const [head = '', body = '', signature = ''] = parts;
  const [header, claims] = [jsonRecord(head), jsonRecord(body)];
  if (!header || !claims) return undefined;
  const signed = Buffer.from(`${head}.${body}`);
  return {
    header,
    claims,
    isSignedBy(key) {
      if (header.alg !== (key.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256')) return false;
      return verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
    },
  };
}

function jsonRecord(part: string): Record<string, unknown> | undefined {
  return recordOf(Buffer.from(part, 'base64url').toString());
}

/** Parses a JSON object; undefined for anything else. */
export function recordOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a value is an object and not an array. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
