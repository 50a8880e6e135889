import type { Challenge, Decision, Effect, GatewayEvent, MuteReason, Transaction } from '../../foundation/model/index.ts';

/** Why a decline is a report that the login is somebody else's: for the reason that the phone signed, or without one where policies say so. */
function reportIn({ declineReason, report }: Challenge): MuteReason | undefined {
  if (declineReason === 'not-me') return 'not-me';
  return declineReason === 'declined' && report?.bareCounts ? 'bare-decline' : undefined;
}

const declinedNow = ({ kind, decision }: Transaction, next: Decision): Challenge[] =>
  kind === 'login' ? next.challenges.filter(({ state }, index) => state === 'declined' && decision.challenges[index]?.state !== state) : [];

/** What follows from the declines of a decision beyond itself. */
export function reportsOf(before: Transaction, next: Decision, now: number): Effect[] {
  const { id, user, realm } = before;
  return declinedNow(before, next).flatMap((challenge): Effect[] => {
    const because = reportIn(challenge);
    const { serial, report: rule } = challenge;
    if (!because || !rule) return [];
    return [{ id: `${id}:${next.version}:${serial}:no`, kind: 'login-reported', serial, at: now, user, realm, because, rule }];
  });
}

/** The same as it is told: a report, or a decline without a reason. */
export function tellingOf(before: Transaction, next: Decision): GatewayEvent[] {
  const { id, authServer, user, realm } = before;
  return declinedNow(before, next).flatMap((challenge): GatewayEvent[] => {
    const because = reportIn(challenge);
    const about = { authServer, transaction: id, serial: challenge.serial, user, realm };
    if (because) return [{ kind: 'login-reported', ...about, because, disabled: challenge.report?.disables ?? false }];
    return challenge.declineReason === 'declined' ? [{ kind: 'bare-decline', ...about }] : [];
  });
}
