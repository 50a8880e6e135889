import type { PushToken } from '../../foundation/model/index.ts';
import { span } from '../../foundation/telemetry/spans.ts';
import type { EngineParts } from '../parts.ts';
import { spendLikePin } from './equal-timing.ts';
import { checkLoginPin, type TypedPin } from './login-pin.ts';
import { checkPin, isLocked } from './pins.ts';
import { countFailures, forgetNetwork, forgiveAll, type PinCheck } from './pins-per-network.ts';

/** Checks of PINs, and the failures that they count. */
export type Pins = {
  /**
   * Checks one PIN against every push token that has not failed too often. Where none matches, each of them counts a failure. PINs that are not
   * known to be right go one after the other per user, each with the count that the one before it left, so that no burst of guesses gets past the
   * maximum. `client` is the address that the guess comes from. @see docs/protocols/privacyidea.md 8
   */
  check(tokens: readonly PushToken[], pin: string, client: string): Promise<PinCheck>;
  /**
   * Checks the PIN of a login as `checkPin` does, whatever it is. One password is checked once for all push tokens, and a wrong one counts a
   * failure on each of them, so that passwords are guessed no longer than PINs are. Throws as `isPassword`; nothing is counted then.
   * @see docs/protocols/privacyidea.md 11.3
   */
  checkAtLogin(tokens: readonly PushToken[], typed: TypedPin): Promise<PinCheck>;
  /**
   * Does for nothing what a wrong PIN costs, where there is no push token to hold it against: by the time nobody shall tell who has one. No password of
   * a user is tried, so none can be guessed here, and no directory locks an account. What comes of it is of no account either, an outage included.
   */
  equalizeTiming(typed: TypedPin): Promise<void>;
  /** Whether nobody may ask this push token, whichever way failures are counted. */
  isLocked(token: PushToken): boolean;
  /** Counts a failure that is no wrong PIN: a wrong display code, a wait that nobody answered. */
  countFailures(tokens: readonly PushToken[], client: string): Promise<void>;
  /** A login succeeded: what the network of `client` did to these push tokens counts no more. */
  forgetNetwork(tokens: readonly PushToken[], client: string): Promise<void>;
  /** Clears the failures of these push tokens, and what the network of `client` did to them. */
  forgiveAll(tokens: readonly PushToken[], client: string): Promise<void>;
};

/** Ties them to the engine's parts. */
export const openPins = (parts: EngineParts): Pins => ({
  check: (tokens, pin, client) => checkPin(parts, tokens, pin, client),
  async checkAtLogin(tokens, typed) {
    const checked = await span('check PIN', {}, () => checkLoginPin(parts, tokens, typed));
    if (checked.kind === 'exceeded' || checked.matching.length === 0) parts.directory.forget(typed.typed ?? typed.user, typed.realm);
    return checked;
  },
  equalizeTiming: (typed) => spendLikePin(parts, typed),
  isLocked: (token) => isLocked(parts, token),
  countFailures: (tokens, client) => countFailures(parts, tokens, client),
  forgetNetwork: (tokens, client) => forgetNetwork(parts, tokens, client),
  forgiveAll: (tokens, client) => forgiveAll(parts, tokens, client),
});
