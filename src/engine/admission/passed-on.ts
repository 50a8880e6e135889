import { factsOf } from '../facts.ts';
import { type Applicant, type EngineParts, originOf } from '../parts.ts';
import { isPasswordElsewhere } from '../people/passthru.ts';
import type { Person } from '../people/person.ts';

/**
 * A user who was asked for by name at a first leg. `source`: the one source that the request named, where it did. `hasTokens`: any push token at all.
 * `password`: what came as PIN.
 */
export type PassedApplicant = Applicant & { source: string | undefined; person: Person | undefined; hasTokens: boolean; password: string };

/** Why a user is let in without a phone: the rule, and `via`, the place that checked the password. */
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
  // Where a user was found is where their password is.
  const source = typeof person === 'object' ? person.resolver : undefined;
  const isRight = await isPasswordElsewhere(parts, { via, user, realm, source, password, client: asker.client });
  return isRight ? { kind: 'passthru', via, rule } : undefined;
}
