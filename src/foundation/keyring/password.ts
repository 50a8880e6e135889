import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { openCache } from '../cache/index.ts';
import { hashScrypt } from '../crypto/index.ts';
import { GatewayFault } from '../model/index.ts';
import type { Keyring } from './keyring.ts';

/**
 * Hashes of passwords and PINs: scrypt over a keyed pepper. Input is normalised to Unicode NFC, so that an `ü` is the
 * same from every keyboard. Older hashes used the input as typed; where that is not NFC, it is tried as well.
 */
export type Passwords = {
  /**
   * Reuses the salt of the first of `others` that is up to date, so that checking all hashes of a person costs one
   * scrypt.
   */
  hash(password: string, others?: readonly string[]): Promise<string>;
  /**
   * A right password is remembered for the life of this process, so that the next login costs no scrypt. A wrong one
   * always costs one.
   */
  matches(password: string, stored: string): Promise<boolean>;
  /** The same for several hashes, in their order. Hashes with the same salt share one scrypt. */
  matchesEach(password: string, stored: readonly string[]): Promise<boolean[]>;
  /** True for a remembered right password whose hash needs no renewal. Costs no scrypt. */
  remembers(password: string, stored: string): boolean;
  /**
   * A new hash to store, for a password that `matches` has just found right, when the stored one is outdated: not NFC,
   * an older key, another cost, or a salt that differs from that of `others`. Undefined when the stored hash is up to
   * date.
   */
  renewed(password: string, stored: string, others?: readonly string[]): Promise<string | undefined>;
  /** Spends the time of a password check when there is no hash to compare with. */
  spend(password: string): Promise<void>;
  /** Whether the keyring has the key of this hash. */
  canCheck(stored: string): boolean;
};

/** The scrypt parameters. Each hash stores its own, so that older hashes stay readable after a change. */
export type HashCost = { N: number; r: number; p: number };

const purpose = 'password';
/**
 * For PINs; a login may check several. The pepper in the keyring protects them: without it, four digits are found
 * quickly at any cost.
 */
const usualCost: HashCost = { N: 16_384, r: 8, p: 1 };
/** For administrators' passwords: one of the minimum settings of the OWASP Password Storage Cheat Sheet. */
export const accountCost: HashCost = { N: 16_384, r: 8, p: 5 };
const rememberedCount = 100_000;
const hashBytes = 32;
const saltBytes = 16;

/**
 * Opens the hashing with the peppers of this keyring. A hash contains the id of its key.
 * @param cost of a new hash
 */
export function createPasswords(keyring: Keyring, cost = usualCost): Passwords {
  const memoryKey = randomBytes(32);
  const right = openCache<true>(rememberedCount);
  const memoryOf = (password: string, stored: string): string =>
    createHmac('sha256', memoryKey).update(`${stored}\n${password}`).digest('base64url');
  const isRemembered = (form: string, stored: string): boolean => right.get(memoryOf(form, stored)) === true;
  const isOfCost = ({ N, r, p }: HashCost): boolean => N === cost.N && r === cost.r && p === cost.p;
  const isByCurrent = (stored: string): boolean => hashedBy(stored) === keyring.currentKeyId;
  /** Whether a hash has the key and cost of new ones. */
  const isCurrent = (stored: string): boolean => !keyring.isOlder(hashedBy(stored)) && isOfCost(parse(stored));
  const saltOf = (stored: string): Buffer | undefined => (isByCurrent(stored) && isCurrent(stored) ? parse(stored).salt : undefined);
  /** The salt that all of these hashes should have. */
  const sharedSalt = (others: readonly string[]): Buffer | undefined => others.map(saltOf).find((salt) => salt !== undefined);
  const hash = async (form: string, salt: Buffer = randomBytes(saltBytes)): Promise<string> => {
    const digest = await derive(keyring, { keyId: keyring.currentKeyId, salt, password: form, ...cost });
    return ['scrypt', keyring.currentKeyId, cost.N, cost.r, cost.p, salt.toString('base64url'), digest.toString('base64url')].join('$');
  };
  const isForm = async (form: string, stored: string, deriveOnce: Derive): Promise<boolean> => {
    const { digest, ...parameters } = parse(stored);
    const found = await deriveOnce({ ...parameters, password: form });
    const isRight = found.length === digest.length && timingSafeEqual(found, digest);
    if (isRight) right.set(memoryOf(form, stored), true);
    return isRight;
  };
  const matches = async (password: string, stored: string, deriveOnce: Derive): Promise<boolean> => {
    const forms = formsOf(password);
    if (forms.some((form) => isRemembered(form, stored))) return true;
    for (const form of forms) if (await isForm(form, stored, deriveOnce)) return true;
    return false;
  };
  return {
    hash: (password, others = []) => hash(password.normalize('NFC'), sharedSalt(others)),
    remembers: (password, stored) => formsOf(password).some((form) => isRemembered(form, stored)) && isCurrent(stored),
    canCheck: (stored) => keyring.derive(purpose, parse(stored).keyId) !== undefined,
    matches: (password, stored) => matches(password, stored, deriveOnceEach(keyring)),
    async matchesEach(password, stored) {
      const deriveOnce = deriveOnceEach(keyring);
      return Promise.all(stored.map((each) => matches(password, each, deriveOnce)));
    },
    async renewed(password, stored, others = []) {
      const [form, typed] = formsOf(password);
      const salt = sharedSalt(others);
      const hasOtherSalt = salt !== undefined && isByCurrent(stored) && !parse(stored).salt.equals(salt);
      const isOld = (hasOtherSalt || !isCurrent(stored)) && isRemembered(form, stored);
      return isOld || (typed !== undefined && isRemembered(typed, stored)) ? hash(form, salt) : undefined;
    },
    async spend(password) {
      for (const form of formsOf(password)) await hash(form);
    },
  };
}

/** The forms in which a password may have been hashed: its NFC, and the input as typed where it differs. */
function formsOf(password: string): readonly [form: string] | readonly [form: string, typed: string] {
  const form = password.normalize('NFC');
  return form === password ? [form] : [form, password];
}

type Parameters = HashCost & { keyId: string; salt: Buffer };

type Derive = (of: Parameters & { password: string }) => Promise<Buffer>;

/** Derives each pair of text and salt once, however often it is requested. */
function deriveOnceEach(keyring: Keyring): Derive {
  const derived = new Map<string, Promise<Buffer>>();
  return (of) => {
    const key = JSON.stringify([of.keyId, of.N, of.r, of.p, of.salt.toString('base64url'), of.password]);
    const known = derived.get(key) ?? derive(keyring, of);
    derived.set(key, known);
    return known;
  };
}

function derive(keyring: Keyring, { keyId, salt, password, N, r, p }: Parameters & { password: string }): Promise<Buffer> {
  const pepper = keyring.derive(purpose, keyId);
  if (!pepper)
    throw new GatewayFault('config-invalid', 'A password was hashed with a key that is not in the keyring. Restore that keyring.');
  const peppered = createHmac('sha256', pepper).update(password).digest();
  return hashScrypt({ password: peppered, salt, length: hashBytes }, { N, r, p, maxmem: 256 * N * r });
}

/** The id of the key whose pepper is in a hash; empty for a text that is not one of our hashes. */
export const hashedBy = (stored: string): string => (stored.startsWith('scrypt$') ? (stored.split('$')[1] ?? '') : '');

function parse(stored: string): Parameters & { digest: Buffer } {
  const [, keyId, n, r, p, salt, digest] =
    /^scrypt\$([A-Za-z0-9_-]+)\$(\d+)\$(\d+)\$(\d+)\$([A-Za-z0-9_-]+)\$([A-Za-z0-9_-]+)$/.exec(stored) ?? [];
  if (keyId === undefined || salt === undefined || digest === undefined)
    throw new GatewayFault('config-invalid', 'A stored password hash does not have the expected format.');
  return {
    keyId,
    N: Number(n),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt, 'base64url'),
    digest: Buffer.from(digest, 'base64url'),
  };
}
