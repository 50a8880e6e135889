import type { PushToken } from '../../foundation/model/index.ts';

/** Whether a push token is in service: enrolled, enabled, not revoked, and inside its validity. */
export const isInService = (token: PushToken, now: number): boolean =>
  token.rollout === 'enrolled' && token.enabled && !token.revoked && isInValidity(token, now);

/** Whether a push token may be used for a login now: in service, and not used up. */
export const isUsable = (token: PushToken, now: number): boolean => isInService(token, now) && !isUsedUp(token);

/** The tokeninfo key with which administrators limit the logins of a push token; 0: no limit. */
export const mostLoginsKey = 'count_auth_success_max';

/** Whether a push token has reached its number of logins. */
export const isUsedUp = ({ info, loginCount }: PushToken): boolean => {
  const most = Number(info?.[mostLoginsKey] ?? 0);
  return most > 0 && loginCount >= most;
};

/**
 * Why a push token that is enrolled, enabled and not revoked cannot be used now; undefined if it can, or if it is not
 * all of these.
 */
export function unusableReason(token: PushToken, now: number): 'used-up' | 'not-in-validity' | undefined {
  if (token.rollout !== 'enrolled' || !token.enabled || token.revoked) return undefined;
  if (isUsedUp(token)) return 'used-up';
  return isInValidity(token, now) ? undefined : 'not-in-validity';
}

/** Whether a moment lies in the validity of a push token. */
export const isInValidity = ({ validFrom, validUntil }: PushToken, now: number): boolean =>
  (validFrom === undefined || now >= validFrom) && (validUntil === undefined || now < validUntil);

/**
 * Whether a phone has paired with this push token and may be asked to prove its key: not revoked, inside its validity.
 */
export const awaitsActivation = (token: PushToken, now: number): boolean =>
  (token.rollout === 'paired' || token.rollout === 'activating') && !token.revoked && isInValidity(token, now);
