import { type Refusal, type TokenLimitRefusal, unusableReason } from '../../../engine/index.ts';
import type { Owner, PushToken } from '../../../foundation/model/index.ts';
import { PiFault } from '../../formats/privacyidea/index.ts';

/** The push token does not exist, or is not visible to the caller. */
export const noSuchToken = (): PiFault => new PiFault('not-found', 'The requested token could not be found.');

/** The text for an owner who does not exist. */
export const noSuchOwner = (): string => 'The user can not be found in any resolver in this realm!';

/** The refusal to change a revoked push token. */
export const isRevoked = (): PiFault => new PiFault('revoked', 'This action is not possible, since the token is revoked.');

/** The refusal to assign a push token that has an owner. */
export const isAssigned = ({ user, realm, resolver }: Owner): PiFault =>
  new PiFault('assigned', `Token already assigned to user User(login='${user}', realm='${realm}', resolver='${resolver}')`);

/**
 * Translates a refusal of the engine to this dialect. Returns the outcome of a refused login; throws the protocol's
 * fault for `denied`, `no-credential` and `too-many-tokens`.
 * @see docs/protocols/privacyidea.md 11.3
 */
export function refusedLogin(refusal: Refusal): LoginOutcome {
  switch (refusal.kind) {
    case 'denied':
      throw new PiFault('validation', 'User is not authorized to authenticate under these conditions.');
    case 'no-credential':
      throw new PiFault('policy', 'No valid API key was passed.');
    case 'too-often':
      return refuse(`Only ${refusal.most} ${refusal.what} authentications per ${asPython(refusal.windowMs)}`);
    case 'limited':
      return refuse(limitedText(refusal));
    case 'too-many-tokens':
      throw tooManyTokens(refusal);
    default:
      return refusal satisfies never;
  }
}

function limitedText({ because, retryMs }: Extract<Refusal, { kind: 'limited' }>): string {
  const seconds = Math.ceil(retryMs / 1000);
  return because === 'open'
    ? `Too many logins wait for your phone. Answer them there, or try again in ${seconds} seconds.`
    : `Your phone rang too often without an answer. It rings again in ${seconds} seconds.`;
}

const overTexts = { 'used-up': 'Authentication counter exceeded', 'not-in-validity': 'Outside validity period' };

/**
 * Why push tokens are used up or outside their validity, each reason once; undefined when none is.
 * @see docs/protocols/privacyidea.md 6.1
 */
export function overText(tokens: readonly PushToken[], now: number): string | undefined {
  const reasons = tokens.flatMap((token) => unusableReason(token, now) ?? []);
  return [...new Set(reasons)].map((reason) => overTexts[reason]).join(', ') || undefined;
}

/** The owner has the maximum number of tokens. */
export function tooManyTokens({ counted, type }: TokenLimitRefusal): PiFault {
  const what = { all: 'tokens', type: `tokens of type ${type}`, active: `active tokens of type ${type}` }[counted];
  return new PiFault('policy', `The number of ${what} for this user is limited!`);
}

/** A duration as Python formats it, and thus privacyIDEA's messages: `0:05:00`, `1 day, 0:00:00`. */
function asPython(ms: number): string {
  const seconds = ms / 1000;
  const days = Math.floor(seconds / 86_400);
  const two = (number: number): string => String(number).padStart(2, '0');
  const clock = `${Math.floor((seconds % 86_400) / 3600)}:${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
  return days === 0 ? clock : `${days} ${days === 1 ? 'day' : 'days'}, ${clock}`;
}

/**
 * The outcome of a login in `/validate/check`. `isBare`: omit the detail. `isFinal`: skip the enrolment and the
 * counting.
 */
export type LoginOutcome = { value: boolean; detail: Record<string, unknown>; isBare?: boolean; isFinal?: boolean };

/** A refused login with its message. */
export const refuse = (message: string, more: Record<string, unknown> = {}): LoginOutcome => ({
  value: false,
  detail: { message, ...more },
});
