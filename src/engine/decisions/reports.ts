import type { Challenge, Decision, Effect, GatewayEvent, MuteReason, Transaction } from '../../foundation/model/index.ts';

/**
 * The reason for which a decline is a report of a foreign login: signed by the phone or, where policies say so, a
 * decline without a reason.
 */
function reportIn({ declineReason, report }: Challenge): MuteReason | undefined {
  if (declineReason === 'not-me') return 'not-me';
  return declineReason === 'declined' && report?.bareCounts ? 'bare-decline' : undefined;
}

const declinedNow = ({ kind, decision }: Transaction, next: Decision): Challenge[] =>
  kind === 'login' ? next.challenges.filter(({ state }, index) => state === 'declined' && decision.challenges[index]?.state !== state) : [];

/** The effects of declines in a decision. */
export function reportsOf(before: Transaction, next: Decision, now: number): Effect[] {
  const { id, user, realm } = before;
  return declinedNow(before, next).flatMap((challenge): Effect[] => {
    const because = reportIn(challenge);
    const { serial, report: rule } = challenge;
    if (!because || !rule) return [];
    return [{ id: `${id}:${next.version}:${serial}:no`, kind: 'login-reported', serial, at: now, user, realm, because, rule }];
  });
}

/** The events of declines: a report, or a decline without a reason. */
export function reportEventsOf(before: Transaction, next: Decision): GatewayEvent[] {
  const { id, authServer, user, realm } = before;
  return declinedNow(before, next).flatMap((challenge): GatewayEvent[] => {
    const because = reportIn(challenge);
    const about = { authServer, transaction: id, serial: challenge.serial, user, realm };
    if (because) return [{ kind: 'login-reported', ...about, because, disabled: challenge.report?.disables ?? false }];
    return challenge.declineReason === 'declined' ? [{ kind: 'bare-decline', ...about }] : [];
  });
}
