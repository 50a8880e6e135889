import type { Actor, LoginRefusalReason, PushToken } from '../../foundation/model/index.ts';
import { span } from '../../foundation/telemetry/spans.ts';
import type { Facts, Permission } from '../../policy/index.ts';
import { type Applicant, type Asker, type EngineParts, originOf } from '../parts.ts';
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
  realmsOpenTo,
  resolveName,
  serialsOpenTo,
} from './admission.ts';
import { clearPhone, type LimitedPhone, limitedPhones, quietLoginsOf } from './limited-phones.ts';
import { isTooOften, type Tally, tallyOf } from './login-rates.ts';
import { type PassedApplicant, type PassedOn, passedOn } from './passed-on.ts';

/** Who may log in, with which push tokens, how often: one place for every dialect. */
export type Admission = {
  /**
   * The asker of a login, with all that policies may want to know of it: what a source knows of the user, and whether the client is a known one. Dialects
   * ask with this one from here on.
   */
  askerForLogin(applicant: Applicant, person: Person | undefined): Promise<Asker>;
  /**
   * Whether the caller has shown enough, and policies let this user log in here at all: asked at both legs, before anything is sent, counted or told.
   * `showed`: the caller showed a credential of its own. @see docs/policies.md
   */
  mayLogIn(applicant: Applicant, caller: { showed: boolean }): LoginRefusal | undefined;
  /**
   * The user that a name means, with its realm. `foreign` where the realm does not exist, or is not one of the caller's: it must not learn which.
   * Nobody is looked up before this.
   */
  resolveName(asker: Pick<Asker, 'realms'>, who: { name: string; realm: string | undefined }): { user: string; realm: string } | 'foreign';
  /**
   * The push tokens that a login may be done with: of types and serials that policies allow, in use lately where they want that, of an owner
   * who may log in.
   * @param isAsked whether the client asks for this type of token; it counts where policies let clients ask
   */
  admittedTokens(asker: Asker, tokens: readonly PushToken[], isAsked?: (token: PushToken) => boolean): PushToken[];
  /**
   * Does the work of a first leg when it is the turn of its auth server: before anything is looked up for it. Throws `Overloaded` where there is too much to do.
   */
  inTurn<T>(authServer: string, work: () => Promise<T>): Promise<T>;
  /** Refuses a user who logged in or failed as often as policies allow. Nothing is counted by asking. */
  isTooOften(applicant: Applicant): Promise<LoginRefusal | undefined>;
  /** Says what to count of a login, by the policies of now. */
  tallyOf(applicant: Applicant): Tally;
  /**
   * Whether an administrator may do that. Where no rule permits anything, all may do everything. With `realms`, those of a push token or of a user: to that one;
   * one of its realms is enough. Without them a right that is about push tokens is given where it is given for some of them: ask again once they are known.
   */
  mayAdminister(asker: Asker, who: Administrator, right: Permission, realms?: readonly string[]): boolean;
  /** The realms whose push tokens an administrator may do that to, '' for push tokens of none; undefined where it is all of them. */
  realmsOpenTo(asker: Asker, who: Administrator, right: Permission): string[] | undefined;
  /** Which of these push tokens an administrator may do that to. */
  serialsOpenTo(asker: Asker, who: Administrator, right: Permission, serials: readonly string[]): Promise<string[]>;
  /** What policies are asked with for an administrator and a push token of this realm. */
  adminFacts(asker: Asker, who: Administrator, realm: string | undefined): Facts;
  /** Tells all who listen that a login was refused; dialects call it wherever they say no. `serials`: the push tokens that it was about, as far as known. */
  tellRefused(
    applicant: Applicant,
    reason: LoginRefusalReason,
    about?: { serials?: readonly string[]; transaction?: string | undefined },
  ): void;
  /** The phones whose prompts count now, by serial, or one of them. What rings as ever is not among them. */
  limitedPhones(serial?: string): Promise<LimitedPhone[]>;
  /** The logins that are quiet now after too many wrong PINs, or those of the owner of one push token. */
  quietLogins(serial?: string): Promise<QuietLogins[]>;
  /** A phone may ring as if nothing had been asked of it, and wrong PINs of its user count no more; false where there is no such push token. */
  clearPhone(by: Actor, serial: string): Promise<boolean>;
  /**
   * Lets a user in without a push token when a policy allows it: one whom no source knows (passOnNoUser; a source that the request names is but one), one without tokens (passOnNoToken), or one whose
   * password is right elsewhere (passthru). Returns undefined when no such policy applies, or the password is wrong. Every source was asked before.
   * Throws as `isPasswordElsewhere`.
   * @see docs/protocols/privacyidea.md 11.3
   */
  passedOn(applicant: PassedApplicant): Promise<PassedOn | undefined>;
};

/** Ties them to the engine's parts. */
export const openAdmission = (parts: EngineParts): Admission => ({
  askerForLogin: (applicant, person) => askerForLogin(parts, applicant, person),
  mayLogIn: (applicant, caller) => admitting('policies', () => mayLogIn(parts, applicant, caller)),
  resolveName: (asker, who) => resolveName(parts, asker, who),
  admittedTokens: (asker, tokens, isAsked) => admittedTokens(parts, asker, tokens, isAsked),
  inTurn: (authServer, work) => parts.loginQueue.run(authServer, work),
  isTooOften: (applicant) => admitting('rates', () => isTooOften(parts, applicant)),
  tallyOf: (applicant) => tallyOf(parts, applicant),
  mayAdminister: (asker, who, right, realms) => mayAdminister(parts, asker, { who, right, realms }),
  realmsOpenTo: (asker, who, right) => realmsOpenTo(parts, asker, who, right),
  serialsOpenTo: (asker, who, right, serials) => serialsOpenTo(parts, asker, { who, right, serials }),
  adminFacts: (asker, who, realm) => adminFacts(parts, asker, who, realm),
  tellRefused({ asker, user, realm }, reason, { serials = [], transaction } = {}) {
    parts.tell({ kind: 'login-refused', origin: originOf(asker), reason, serials: [...serials], transaction, user, realm });
  },
  limitedPhones: (serial) => limitedPhones(parts, serial),
  quietLogins: (serial) => quietLoginsOf(parts, serial),
  clearPhone: (by, serial) => clearPhone(parts, by, serial),
  passedOn: (applicant) => span('pass on', {}, () => passedOn(parts, applicant)),
});

/** A question of admission as a step of a trace. */
const admitting = <T>(question: 'policies' | 'rates', work: () => T): T => span('admission', { 'pushgate.question': question }, work);
