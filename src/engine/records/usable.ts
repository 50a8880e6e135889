import type { PushToken } from '../../foundation/model/index.ts';

/** A push token that is good now: bound to a phone, enabled, not revoked, and inside its validity. */
export const isInService = (token: PushToken, now: number): boolean =>
  token.rollout === 'enrolled' && token.enabled && !token.revoked && isInValidity(token, now);

/** A push token that may be asked now: in service, and not used as often as it may be. */
export const isUsable = (token: PushToken, now: number): boolean => isInService(token, now) && !isUsedUp(token);

/** What administrators note of a push token to limit its logins; 0 is no limit. */
export const mostLoginsKey = 'count_auth_success_max';

/** Whether a push token was used as often as it may be. */
export const isUsedUp = ({ info, loginCount }: PushToken): boolean => {
  const most = Number(info?.[mostLoginsKey] ?? 0);
  return most > 0 && loginCount >= most;
};

/** Why a push token that is bound, enabled and not revoked may not be asked now; undefined for one that may be, and for one that is none of that. */
export function whyOver(token: PushToken, now: number): 'used-up' | 'not-in-validity' | undefined {
  if (token.rollout !== 'enrolled' || !token.enabled || token.revoked) return undefined;
  if (isUsedUp(token)) return 'used-up';
  return isInValidity(token, now) ? undefined : 'not-in-validity';
}

/** Whether a moment lies in the window in which a push token is good. */
export const isInValidity = ({ validFrom, validUntil }: PushToken, now: number): boolean =>
  (validFrom === undefined || now >= validFrom) && (validUntil === undefined || now < validUntil);

/** A push token whose phone has paired, and may be asked to prove its key: not revoked, inside its validity. */
export const awaitsActivation = (token: PushToken, now: number): boolean =>
  (token.rollout === 'paired' || token.rollout === 'activating') && !token.revoked && isInValidity(token, now);
