import { factsOf } from '../facts.ts';
import { type Applicant, type EngineParts, originOf } from '../parts.ts';
import { isPasswordElsewhere } from '../people/passthru.ts';
import type { Person } from '../people/person.ts';

/** A user named at a first leg. */
export type PassedApplicant = Applicant & {
  /** The single source that the request names. */
  source: string | undefined;
  /** The result of the lookup. */
  person: Person | undefined;
  /** Whether the user has any push token. */
  hasTokens: boolean;
  /** The PIN of the request. */
  password: string;
};

/**
 * The reason to let a user in without a phone: the rule, and for passthru the place that checked the password (`via`).
 */
export type PassedOn = { rule: string } & ({ kind: 'no-user' | 'no-token' } | { kind: 'passthru'; via: string });

/** {@link Admission.passedOn}. */
export async function passedOn(parts: EngineParts, applicant: PassedApplicant): Promise<PassedOn | undefined> {
  const passed = await passing(parts, applicant);
  if (!passed) return undefined;
  const { asker, user, realm } = applicant;
  const via = passed.kind === 'passthru' ? passed.via : undefined;
  parts.tell({ kind: 'login-passed-on', origin: originOf(asker), rule: passed.rule, via, user, realm });
  return passed;
}

async function passing(parts: EngineParts, applicant: PassedApplicant): Promise<PassedOn | undefined> {
  const { asker, user, realm, source: named, person, hasTokens, password } = applicant;
  if (user === '' || hasTokens || person === 'barred') return undefined;
  const { policy } = parts;
  const facts = factsOf(parts, asker, { user, realm });
  if (person === 'unknown-user') {
    if (named !== undefined) return undefined;
    const decided = policy.decision('passOnNoUser', facts);
    return decided?.value ? { kind: 'no-user', rule: decided.rule } : undefined;
  }
  const letIn = policy.decision('passOnNoToken', facts);
  if (letIn?.value) return { kind: 'no-token', rule: letIn.rule };
  const handedOn = policy.decision('passthru', facts);
  if (!handedOn) return undefined;
  const { value: via, rule } = handedOn;
  // The password is checked where the user was found.
  const source = typeof person === 'object' ? person.resolver : undefined;
  const isRight = await isPasswordElsewhere(parts, { via, user, realm, source, password, client: asker.client });
  return isRight ? { kind: 'passthru', via, rule } : undefined;
}
