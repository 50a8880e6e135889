import type { Actor, LoginRefusalReason, PushToken } from '../../foundation/model/index.ts';
import { span } from '../../foundation/telemetry/spans.ts';
import type { Facts, Permission } from '../../policy/index.ts';
import type { Applicant, Asker, EngineParts } from '../parts.ts';
import { askerForLogin } from '../people/known-clients.ts';
import type { Person } from '../people/person.ts';
import type { QuietLogins } from '../pins/pins-per-source.ts';
import {
  type Administrator,
  adminFacts,
  admittedTokens,
  type LoginRefusal,
  mayAdminister,
  mayLogIn,
  type RefusedAbout,
  realmsOpenTo,
  resolveName,
  serialsOpenTo,
  tellRefused,
} from './admission.ts';
import { clearPhone, type LimitedPhone, limitedPhones, quietLoginsOf } from './limited-phones.ts';
import { rateRefusal, type Tally, tallyOf } from './login-rates.ts';
import { type PassedApplicant, type PassedOn, passedOn } from './passed-on.ts';

/** Who may log in, with which push tokens, and how often: one place for all dialects. */
export type Admission = {
  /**
   * Adds what policies may need to the asker of a login: data of the user from the source, and whether the client is
   * known. Dialects use the result from here on.
   */
  askerForLogin(applicant: Applicant, person: Person | undefined): Promise<Asker>;
  /**
   * Whether the caller has shown enough, and policies let this user log in at all. Checked at both legs, before
   * anything is sent, counted or revealed. `showed`: the caller showed a credential of its own. @see docs/policies.md
   */
  mayLogIn(applicant: Applicant, caller: { showed: boolean }): LoginRefusal | undefined;
  /**
   * The user and realm that a name means; must come before any directory lookup. `foreign` both for an unknown realm
   * and for one that the caller may not use, so that it cannot tell them apart.
   */
  resolveName(asker: Pick<Asker, 'realms'>, who: { name: string; realm: string | undefined }): { user: string; realm: string } | 'foreign';
  /**
   * The push tokens that may be used for a login: of allowed types and serials, used recently enough, and with an owner
   * who may log in.
   * @param isAsked whether the client asks for this type of token; counts only if policies let clients ask
   */
  admittedTokens(asker: Asker, tokens: readonly PushToken[], isAsked?: (token: PushToken) => boolean): PushToken[];
  /**
   * Does the work of a first leg when it is its auth server's turn, before any lookup. Throws `Overloaded` when the
   * gateway is too busy.
   */
  inTurn<T>(authServer: string, work: () => Promise<T>): Promise<T>;
  /** Refuses a user who logged in or failed as often as policies allow. Counts nothing. */
  rateRefusal(applicant: Applicant): Promise<LoginRefusal | undefined>;
  /** The counters for a login, by the current policies. */
  tallyOf(applicant: Applicant): Tally;
  /**
   * Whether an administrator has a right; without any rule for rights, everyone has all. `realms` are those of a push
   * token or user, and one allowed realm is enough. Without `realms`, a right on push tokens counts as given if it is
   * given for some; ask again when the tokens are known.
   */
  mayAdminister(asker: Asker, who: Administrator, right: Permission, realms?: readonly string[]): boolean;
  /**
   * The realms for whose push tokens an administrator has this right ('' for tokens without a realm); undefined for
   * all.
   */
  realmsOpenTo(asker: Asker, who: Administrator, right: Permission): string[] | undefined;
  /** The push tokens among these for which an administrator has this right. */
  serialsOpenTo(asker: Asker, who: Administrator, right: Permission, serials: readonly string[]): Promise<string[]>;
  /** The facts for policies about an administrator and a push token of this realm. */
  adminFacts(asker: Asker, who: Administrator, realm: string | undefined): Facts;
  /**
   * Emits the event of a refused login; dialects call it for every refusal. `serials`: the push tokens concerned, as
   * far as known.
   */
  tellRefused(applicant: Applicant, reason: LoginRefusalReason, about?: RefusedAbout): void;
  /**
   * The phones with counted prompts, by serial; or the one of this serial. Phones without limits in effect are left
   * out.
   */
  limitedPhones(serial?: string): Promise<LimitedPhone[]>;
  /** The logins that are quiet after too many wrong PINs; or those of this push token's owner. */
  quietLogins(serial?: string): Promise<QuietLogins[]>;
  /** Clears the prompts of a phone and the wrong PINs of its user; false for an unknown push token. */
  clearPhone(by: Actor, serial: string): Promise<boolean>;
  /**
   * Lets a user in without a push token when a policy allows it: an unknown user (passOnNoUser, unless the request
   * names a single source), a user without tokens (passOnNoToken), or one whose password another service confirms
   * (passthru). Returns undefined when no such policy applies or the password is wrong. The sources were asked before.
   * Throws like `isPasswordElsewhere`.
   * @see docs/protocols/privacyidea.md 11.3
   */
  passedOn(applicant: PassedApplicant): Promise<PassedOn | undefined>;
};

/** Binds these functions to the engine's parts. */
export const openAdmission = (parts: EngineParts): Admission => ({
  askerForLogin: (applicant, person) => askerForLogin(parts, applicant, person),
  mayLogIn: (applicant, caller) => admitting('policies', () => mayLogIn(parts, applicant, caller)),
  resolveName: (asker, who) => resolveName(parts, asker, who),
  admittedTokens: (asker, tokens, isAsked) => admittedTokens(parts, asker, tokens, isAsked),
  inTurn: (authServer, work) => parts.loginQueue.run(authServer, work),
  rateRefusal: (applicant) => admitting('rates', () => rateRefusal(parts, applicant)),
  tallyOf: (applicant) => tallyOf(parts, applicant),
  mayAdminister: (asker, who, right, realms) => mayAdminister(parts, asker, { who, right, realms }),
  realmsOpenTo: (asker, who, right) => realmsOpenTo(parts, asker, who, right),
  serialsOpenTo: (asker, who, right, serials) => serialsOpenTo(parts, asker, { who, right, serials }),
  adminFacts: (asker, who, realm) => adminFacts(parts, asker, who, realm),
  tellRefused: (applicant, reason, about) => tellRefused(parts, applicant, reason, about),
  limitedPhones: (serial) => limitedPhones(parts, serial),
  quietLogins: (serial) => quietLoginsOf(parts, serial),
  clearPhone: (by, serial) => clearPhone(parts, by, serial),
  passedOn: (applicant) => span('pass on', {}, () => passedOn(parts, applicant)),
});

/** Runs a question of admission as a span of its own. */
const admitting = <T>(question: 'policies' | 'rates', work: () => T): T => span('admission', { 'pushgate.question': question }, work);
