import type { PushToken } from '../../foundation/model/index.ts';
import { span } from '../../foundation/telemetry/spans.ts';
import type { Applicant, EngineParts } from '../parts.ts';
import { resetFailures } from '../records/failures.ts';
import { spendLikePin } from './equal-timing.ts';
import { checkLoginPin, isProof, type TypedPin } from './login-pin.ts';
import { isLocked } from './pins.ts';
import { countFailures, type PinCheck, typistOf } from './pins-per-source.ts';

/** What the PIN of a login came to, and whether it proves who typed it. */
export type CheckedPin = PinCheck & { isProved: boolean };

/** Checks of PINs, and the failures that they count. */
export type Pins = {
  /**
   * Checks the PIN of a login, whatever policies say that is, against every push token that has not failed too often. Where none matches, each of them counts a
   * failure; one password is checked once for all of them. PINs that are not known to be right go one after the other per user, each with the count that the one
   * before it left, so that no burst of guesses gets past the maximum. `isProved`: a PIN or password was right, and was needed. Throws as `isPassword`; nothing is counted then.
   * @see docs/protocols/privacyidea.md 8, 11.3
   */
  checkAtLogin(tokens: readonly PushToken[], typed: TypedPin): Promise<CheckedPin>;
  /**
   * Does for nothing what a wrong PIN costs, where there is no push token to hold it against: by the time nobody shall tell who has one. No password of
   * a user is tried, so none can be guessed here, and no directory locks an account. What comes of it is of no account either, an outage included. `quiet` where so
   * many failed before that the logins of a user would be, for mounts that tell nobody who is one.
   */
  equalizeTiming(typed: TypedPin): Promise<'checked' | 'quiet'>;
  /** Whether nobody may ask this push token, since it failed too often. */
  isLocked(token: PushToken): boolean;
  /** Counts a failure that is no wrong PIN: a wait that nobody answered, a challenge where policies count it. */
  countFailures(tokens: readonly PushToken[], applicant: Applicant): Promise<void>;
  /** Clears the fail counts of these push tokens. */
  forgiveAll(tokens: readonly PushToken[]): Promise<unknown>;
};

/** Ties them to the engine's parts. */
export const openPins = (parts: EngineParts): Pins => ({
  async checkAtLogin(tokens, typed) {
    const checked = await span('check PIN', {}, () => checkLoginPin(parts, tokens, typed));
    // After a quiet one as well: else the next one would tell by its time whether this one was right.
    if (checked.kind !== 'checked' || checked.matching.length === 0) parts.directory.forget(typed.typed ?? typed.user, typed.realm);
    return { ...checked, isProved: isProof(checked, typed) };
  },
  equalizeTiming: (typed) => spendLikePin(parts, typed),
  isLocked: (token) => isLocked(parts, token),
  countFailures: (tokens, applicant) => countFailures(parts, tokens, typistOf(parts, applicant, tokens)),
  forgiveAll: (tokens) => resetFailures(parts, tokens),
});
