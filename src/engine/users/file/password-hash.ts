import { timingSafeEqual } from 'node:crypto';
import { hashScrypt } from '../../../foundation/crypto/index.ts';

const bcryptForm = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const scryptForm = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
/** More would keep all logins waiting for one: bcrypt runs among them, and scrypt takes 128 * r * 2^ln bytes. */
const most = { bcryptRounds: 14, scryptBytes: 268_435_456, scryptParallel: 4 };

/** What is wrong with a hash in a file of users; undefined for one that `matchesHash` can judge. It does not quote the hash. */
export function hashProblem(hash: string): string | undefined {
  const [, rounds] = bcryptForm.exec(hash) ?? [];
  if (rounds !== undefined)
    return Number(rounds) >= 4 && Number(rounds) <= most.bcryptRounds ? undefined : `a bcrypt cost must be 4 to ${most.bcryptRounds}`;
  const cost = scryptCost(hash);
  if (!cost) return 'not a hash of bcrypt ($2y$) or scrypt ($scrypt$); weaker kinds are refused. Make one with: htpasswd -nB NAME';
  const isFair = cost.N >= 2 && cost.r >= 1 && cost.p >= 1 && cost.p <= most.scryptParallel && 128 * cost.r * cost.N <= most.scryptBytes;
  return isFair && cost.digest.length >= 16 ? undefined : 'this scrypt hash is too short, or costs too much';
}

/**
 * Whether a password is the one that was hashed. False for a hash that has a problem, and for a password of which bcrypt would compare less than was
 * typed. That costs as much as any other wrong one.
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

/** bcrypt looks at the first 72 bytes, and repeats its key after a NUL: `a` and `a\0a` have the same hash. */
const isReadWhole = (password: string): boolean => Buffer.byteLength(password) <= 72 && !password.includes('\0');

/** The form of PHC strings, as passlib writes them. */
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
