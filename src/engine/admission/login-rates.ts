import { factsOf } from '../facts.ts';
import type { Applicant, EngineParts } from '../parts.ts';
import { personKey } from '../people/person-key.ts';
import type { LoginRefusal } from './admission.ts';

type Parts = Pick<EngineParts, 'policy' | 'clock' | 'store' | 'realms'>;

const rates = {
  auth_max_fail: { name: 'auth-fail', what: 'failed' },
  auth_max_success: { name: 'auth-ok', what: 'successful' },
} as const;

type Rate = { key: string; refusal: LoginRefusal & { kind: 'too-often' } };

/** {@link Admission.rateRefusal}. */
export async function rateRefusal(parts: Parts, applicant: Applicant): Promise<LoginRefusal | undefined> {
  for (const action of ['auth_max_fail', 'auth_max_success'] as const) {
    const rate = rateOf(parts, applicant, action);
    if (rate && (await parts.store.countOf(rate.key, parts.clock())) >= rate.refusal.most) return rate.refusal;
  }
  return undefined;
}

/** The counters of one login, where policies limit successful or failed logins. It keeps no other data of the login. */
export type Tally = {
  /**
   * Counts an accepted login. Refuses those beyond the limit when several end at the same moment.
   * @param once a key that is counted only once, for a login whose acceptance is reported repeatedly
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

function rateOf(parts: Parts, { asker, user, realm }: Applicant, action: keyof typeof rates): Rate | undefined {
  // A push token without an owner has no user to count for.
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
