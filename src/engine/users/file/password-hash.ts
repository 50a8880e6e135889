import { timingSafeEqual } from 'node:crypto';
import { hashScrypt } from '../../../foundation/crypto/index.ts';

const bcryptForm = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const scryptForm = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
/** Higher costs would delay all logins: bcrypt runs on the same thread, and scrypt takes 128 * r * 2^ln bytes. */
const most = { bcryptRounds: 14, scryptBytes: 268_435_456, scryptParallel: 4 };

/**
 * The problem of a hash in a file of users; undefined for one that `matchesHash` supports. It does not contain the
 * hash.
 */
export function hashProblem(hash: string): string | undefined {
  const [, rounds] = bcryptForm.exec(hash) ?? [];
  if (rounds !== undefined)
    return Number(rounds) >= 4 && Number(rounds) <= most.bcryptRounds ? undefined : `a bcrypt cost must be 4 to ${most.bcryptRounds}`;
  const cost = scryptCost(hash);
  if (!cost) return 'not a bcrypt ($2y$) or scrypt ($scrypt$) hash; weaker kinds are refused. Make one with: htpasswd -nB NAME';
  const isFair = cost.N >= 2 && cost.r >= 1 && cost.p >= 1 && cost.p <= most.scryptParallel && 128 * cost.r * cost.N <= most.scryptBytes;
  return isFair && cost.digest.length >= 16 ? undefined : 'this scrypt hash is too short or too costly';
}

/**
 * Whether a password matches a hash. False for a hash with a problem, and for a password that bcrypt would compare only
 * in part. Such a password takes as long as any other wrong one.
 */
export async function matchesHash(password: string, hash: string): Promise<boolean> {
  if (hashProblem(hash) !== undefined) return false;
  if (bcryptForm.test(hash)) return (await (await import('bcryptjs')).default.compare(password, hash)) && isReadWhole(password);
  const cost = scryptCost(hash);
  if (!cost) return false;
  const { salt, digest, ...numbers } = cost;
  const found = await hashScrypt({ password, salt, length: digest.length }, { ...numbers, maxmem: 2 * most.scryptBytes });
  return timingSafeEqual(found, digest);
}

/** bcrypt reads only 72 bytes, and repeats its key after a NUL, so `a` and `a\0a` have the same hash. */
const isReadWhole = (password: string): boolean => Buffer.byteLength(password) <= 72 && !password.includes('\0');

/** The PHC string format, as passlib writes it. */
function scryptCost(hash: string) {
  const [, log, r, p, salt, digest] = scryptForm.exec(hash) ?? [];
  if (salt === undefined || digest === undefined) return undefined;
  return {
    N: 2 ** Math.min(Number(log), 40),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt, 'base64'),
    digest: Buffer.from(digest, 'base64'),
  };
}
