import type { PushToken } from '../../foundation/model/index.ts';
import { span } from '../../foundation/telemetry/spans.ts';
import type { Applicant, EngineParts } from '../parts.ts';
import { resetFailures } from '../records/failures.ts';
import { equalizePinTiming } from './equal-timing.ts';
import { checkLoginPin, isProof, type TypedPin } from './login-pin.ts';
import { isLocked } from './pins.ts';
import { countFailures, type PinCheck, typistOf } from './pins-per-source.ts';

/** The result of a PIN check, and whether it proves the user. */
export type CheckedPin = PinCheck & { isProved: boolean };

/** Checks of PINs, and the failures that they count. */
export type Pins = {
  /**
   * Checks the PIN of a login (policies say what counts as one) against every push token that has not failed too often.
   * If none matches, each of them counts a failure; one password is checked once for all. PINs that are not known to be
   * right are checked one after the other per user, each with the count of the one before, so that a burst of guesses
   * cannot pass the maximum. `isProved`: a PIN or password was needed and right. Throws like `isRightPassword`, and
   * then counts nothing.
   * @see docs/protocols/privacyidea.md 8, 11.3
   */
  checkAtLogin(tokens: readonly PushToken[], typed: TypedPin): Promise<CheckedPin>;
  /**
   * Spends the time of a wrong PIN when there is no push token, so that response time does not reveal who has one. It
   * tries no user's password, so none can be guessed here and no directory locks an account. Its result does not
   * matter, not even an outage. `quiet` after so many failures that a user's login would be quiet too, for mounts that
   * do not reveal who is a user.
   */
  equalizeTiming(typed: TypedPin): Promise<'checked' | 'quiet'>;
  /** Whether this push token is locked after too many failures. */
  isLocked(token: PushToken): boolean;
  /** Counts a failure other than a wrong PIN: an unanswered wait, or a challenge where policies count it. */
  countFailures(tokens: readonly PushToken[], applicant: Applicant): Promise<void>;
  /** Clears the fail counts of these push tokens. */
  forgiveAll(tokens: readonly PushToken[]): Promise<unknown>;
};

/** Binds these functions to the engine's parts. */
export const openPins = (parts: EngineParts): Pins => ({
  async checkAtLogin(tokens, typed) {
    const checked = await span('check PIN', {}, () => checkLoginPin(parts, tokens, typed));
    // After a quiet check too: otherwise the time of the next one would reveal whether this one was right.
    if (checked.kind !== 'checked' || checked.matching.length === 0) parts.directory.forget(typed.typed ?? typed.user, typed.realm);
    return { ...checked, isProved: isProof(checked, typed) };
  },
  equalizeTiming: (typed) => equalizePinTiming(parts, typed),
  isLocked: (token) => isLocked(parts, token),
  countFailures: (tokens, applicant) => countFailures(parts, tokens, typistOf(parts, applicant, tokens)),
  forgiveAll: (tokens) => resetFailures(parts, tokens),
});
