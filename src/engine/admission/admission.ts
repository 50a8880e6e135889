import { foldedRealm, type PushToken } from '../../foundation/model/index.ts';
import { isFoundIn } from '../../foundation/patterns/index.ts';
import type { Permission } from '../../policy/index.ts';
import { factsOf } from '../facts.ts';
import type { Asker, EngineParts } from '../parts.ts';
import { personKey } from '../people/person-key.ts';
import type { TokenLimitRefusal } from '../tokens/token-limits.ts';

/** A user who wants to log in, and the asker that passes it on. Both names are empty for a push token without an owner, and for a relayed push. */
export type Applicant = { asker: Asker; user: string; realm: string };

/**
 * Why a login is not admitted. `denied`: policies do not let this user in. `no-credential`: the caller only came from the right network.
 * `too-often`: the user logged in or failed as often as policies allow in a window.
 */
export type LoginRefusal =
  | { kind: 'denied' }
  | { kind: 'no-credential' }
  | { kind: 'too-often'; what: 'successful' | 'failed'; most: number; windowMs: number };

/** Everything that admission refuses. Each dialect has one table from this to its own words. */
export type Refusal = LoginRefusal | TokenLimitRefusal;

type Parts = Pick<EngineParts, 'policy' | 'clock' | 'store' | 'realms'>;

/** {@link Admission.mayLogIn}. */
export function mayLogIn(parts: Parts, applicant: Applicant): LoginRefusal | undefined {
  return parts.policy.value('authorized', factsOf(parts, applicant.asker, applicant)) === 'deny_access' ? { kind: 'denied' } : undefined;
}

/** {@link Admission.mayCall}. */
export function mayCall(parts: Parts, applicant: Applicant, { showed }: { showed: boolean }): LoginRefusal | undefined {
  const needsOne = !showed && parts.policy.value('api_key_required', factsOf(parts, applicant.asker, applicant)) === true;
  return needsOne ? { kind: 'no-credential' } : undefined;
}

/** Whether a caller may ask for users of this realm. */
export const mayAskFor = ({ realms }: Pick<Asker, 'realms'>, realm: string): boolean =>
  realms === undefined || realms.some((name) => foldedRealm(name) === foldedRealm(realm));

/** {@link Admission.resolveName}. */
export function resolveName(
  { realms }: Pick<EngineParts, 'realms'>,
  asker: Pick<Asker, 'realms'>,
  { name, realm }: { name: string; realm: string | undefined },
): { user: string; realm: string } | 'foreign' {
  const resolved = realms.resolve(name, realm);
  return resolved === 'unknown-realm' || !mayAskFor(asker, resolved.realm) ? 'foreign' : resolved;
}

/** {@link Admission.admittedTokens}. */
export function admittedTokens(
  parts: Parts,
  asker: Asker,
  tokens: readonly PushToken[],
  isAsked: (token: PushToken) => boolean = () => true,
): PushToken[] {
  const { policy } = parts;
  return tokens.filter((token) => {
    const facts = factsOf(parts, asker, token.owner, token);
    const type = token.type.toLowerCase();
    const serials = policy.value('serial', facts);
    return (
      (isAsked(token) || policy.value('application_tokentype', facts) !== true) &&
      policy.value('authorized', facts) !== 'deny_access' &&
      policy.value('disabled_token_types', facts)?.includes(type) !== true &&
      policy.value('tokentype', facts)?.includes(type) !== false &&
      (serials === undefined || isFoundIn(serials, token.serial)) &&
      !isIdleTooLong(token, policy.value('last_auth', facts), facts.now)
    );
  });
}

/** Whether nobody logged in with a push token for longer than policies allow; a new one has as long for its first login. */
const isIdleTooLong = ({ lastLogin, createdAt }: PushToken, longestMs: number | undefined, now: number): boolean =>
  longestMs !== undefined && (lastLogin?.at ?? createdAt) < now - longestMs;

const rates = {
  auth_max_fail: { name: 'auth-fail', what: 'failed' },
  auth_max_success: { name: 'auth-ok', what: 'successful' },
} as const;

type Rate = { key: string; refusal: LoginRefusal & { kind: 'too-often' } };

/** {@link Admission.isTooOften}. */
export async function isTooOften(parts: Parts, applicant: Applicant): Promise<LoginRefusal | undefined> {
  for (const action of ['auth_max_fail', 'auth_max_success'] as const) {
    const rate = rateOf(parts, applicant, action);
    if (rate && (await parts.store.countOf(rate.key, parts.clock())) >= rate.refusal.most) return rate.refusal;
  }
  return undefined;
}

/** What is counted of one login, where policies limit how often a user may log in or fail. It holds no more of the login than that. */
export type Tally = {
  /**
   * Counts a login that is accepted. Of logins that end at the same moment those beyond the limit are refused here.
   * @param once what is counted once only, where its acceptance is told more often
   */
  accepted(once?: string): Promise<LoginRefusal | undefined>;
  /** Counts a login that failed. */
  failed(): Promise<void>;
};

/** {@link Admission.tallyOf}. */
export function tallyOf(parts: Parts, applicant: Applicant): Tally {
  const success = rateOf(parts, applicant, 'auth_max_success');
  const failure = rateOf(parts, applicant, 'auth_max_fail');
  return {
    async accepted(once) {
      if (!success) return undefined;
      if (once !== undefined && (await countUp(parts, { ...success, key: `${success.key} ${once}` })) > 1) return undefined;
      return (await countUp(parts, success)) > success.refusal.most ? success.refusal : undefined;
    },
    async failed() {
      if (failure) await countUp(parts, failure);
    },
  };
}

/** {@link Admission.mayAdminister}. */
export const mayAdminister = (
  parts: Parts,
  asker: Asker,
  { name, realm }: { name: string; realm?: string | undefined },
  right: Permission,
): boolean => parts.policy.permits(right, factsOf(parts, asker, { user: name, realm }));

function rateOf(parts: Parts, { asker, user, realm }: Applicant, action: keyof typeof rates): Rate | undefined {
  // A push token without an owner is nobody's.
  const limit = user === '' ? undefined : parts.policy.value(action, factsOf(parts, asker, { user, realm }));
  if (!limit) return undefined;
  const { name, what } = rates[action];
  const { most, windowMs } = limit;
  return {
    key: `${name}:${windowMs} ${personKey(parts, { user, realm })}`,
    refusal: { kind: 'too-often', what, most, windowMs },
  };
}

async function countUp({ store, clock }: Parts, { key, refusal }: Rate): Promise<number> {
  const now = clock();
  return (await store.countUp(key, now, now + refusal.windowMs)).count;
}
