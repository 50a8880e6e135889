import { type KeyObject, verify } from 'node:crypto';

/** A signed token as it came, believed by nobody yet. */
export type Jwt = {
  header: Readonly<Record<string, unknown>>;
  claims: Readonly<Record<string, unknown>>;
  /** Whether the key signed it, by the algorithm that the token must have: RS256 for an RSA key, ES256 for one on P-256. */
  isSignedBy(key: KeyObject): boolean;
};

/** Takes a compact JWT apart (RFC 7515 7.1). Undefined for what is none. */
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

/** A JSON text that holds an object; undefined for anything else. */
export function recordOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a value is an object with names, no list. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
