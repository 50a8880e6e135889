import type { Status } from '../../../../src/engine/decisions/status.ts';
import { owner, type Scenario, until } from './scenario.ts';
import { clockOf, type Parts, type Step, type Told, type World } from './world.ts';

/** What this step breaks of what the gateway promises, in words; undefined where all is well. It compares with what an onlooker knows, not with the engine. */
export function brokenBy(scenario: Scenario, parts: Parts, before: World, step: Step): string | undefined {
  const { world, told } = step;
  return (
    (told && toldWrong(scenario, before, world, told)) ??
    (world.stored === before.stored && world.known === before.known ? undefined : lost(scenario, parts, world)) ??
    effectsWrong(scenario, world) ??
    (world.stored === before.stored && world.time === before.time ? undefined : goneBack(scenario, parts, before, step))
  );
}

/** A reply that must not have left. */
function toldWrong({ transaction }: Scenario, before: World, { known }: World, { move, reply, now, knew }: Told): string | undefined {
  const { event, phone } = move;
  if (event.kind === 'answered' && phone !== undefined) {
    const first = knew.taken[phone];
    if (first === event.answer && reply === 'refused' && now < until && before.stored) return 'an identical answer is refused';
    if (reply !== 'refused' && event.option === 'wrong') return 'a wrong pick is taken';
    if (reply !== 'refused' && first !== undefined && first !== event.answer) return 'a phone changes its mind';
    if (reply === 'taken' && now >= until) return 'an answer is taken after its time';
  }
  if (reply !== 'accepted') return undefined;
  if (move.authServer !== owner) return `ACCEPT for ${move.authServer}`;
  if (transaction.decision.rule.consume === 'once' && known.accepts > 1) return 'a second ACCEPT';
  if (now >= known.graceUntil) return 'ACCEPT after its time';
  if (knew.isDeclined) return 'ACCEPT after a decline';
  if (knew.isTakenBack) return 'ACCEPT of a login that was taken back';
  const modes = transaction.decision.challenges.map(({ mode }) => mode);
  const isProven =
    event.kind === 'code-entered'
      ? known.answered.some((each) => `T${each}` === event.matches && modes[each] === 'code')
      : known.answered.some((each) => modes[each] !== 'code');
  return isProven ? undefined : 'ACCEPT without a right answer in time';
}

/** An answer that a phone was told was taken, and that is not there. */
function lost(scenario: Scenario, { decide }: Parts, world: World): string | undefined {
  const { stored, known } = world;
  if (!stored) return undefined;
  for (const [index, answer] of known.taken.entries()) {
    const challenge = stored.challenges[index];
    if (answer === undefined || !challenge) continue;
    const isThere = challenge.answer === answer && challenge.state !== 'pending';
    if (!isThere) return 'an acknowledged answer is gone';
    const isYes = answer.endsWith('accepts');
    if (isYes ? challenge.state === 'declined' : challenge.state !== 'declined') return 'an acknowledged answer says something else now';
    if (!isYes || challenge.mode === 'code' || known.isTakenBack || stored.state === 'consumed') continue;
    if (stored.state !== 'accepted') return `an acknowledged accept is ${stored.state}`;
    const late = [0, 1].map((gateway) => clockOf(scenario, world, gateway)).filter((now) => now < known.takenUntil);
    if (late.some((now) => decide(stored, { kind: 'consumed' }, now).reply !== 'accepted'))
      return 'an acknowledged accept cannot be finished';
  }
  const tries = stored.challenges.reduce((sum, { mode, wrongTries }) => sum + (mode === 'presence' ? wrongTries : 0), 0);
  return tries > known.wrong.length ? 'a wrong pick counts twice' : undefined;
}

/** What follows from a login happens once, and is remembered until it has happened. */
function effectsWrong(_scenario: Scenario, { stored, effects, counted }: World): string | undefined {
  const ids = new Set([...effects.map(({ id }) => id), ...counted]);
  if (ids.size > 1 || counted.length > 1) return 'a login counts twice';
  return stored?.state === 'consumed' && ids.size === 0 ? 'a finished login counts nowhere' : undefined;
}

const rank: Record<Status, number> = {
  pending: 0,
  'code-shown': 0,
  accepted: 1,
  declined: 2,
  cancelled: 2,
  locked: 2,
  withdrawn: 2,
  consumed: 2,
  expired: 2,
};

/** Whoever asks the same gateway twice never hears that a login is less decided than it was. */
function goneBack(scenario: Scenario, { statusOf }: Parts, before: World, { world: after, told }: Step): string | undefined {
  if (!before.stored || !after.stored) return undefined;
  // What was decided in time may be written when that is over: who asks in between hears that it is over, and a little later that it is not.
  const isStraggler = told?.isWritten === true && statusOf(before.stored, told.now) !== 'expired';
  for (const gateway of [0, 1]) {
    const was = statusOf(before.stored, clockOf(scenario, before, gateway));
    const is = statusOf(after.stored, clockOf(scenario, after, gateway));
    if (mayFollow(scenario, was, is) || (was === 'expired' && isStraggler)) continue;
    return `a gateway said ${was}, and says ${is} now`;
  }
  return undefined;
}

function mayFollow({ transaction, aheadMs }: Scenario, was: Status, is: Status): boolean {
  if (was === is || rank[is] > rank[was]) return true;
  if (rank[is] < rank[was]) return isOpenDecline(transaction, was) || (was === 'expired' && aheadMs !== 0);
  if (rank[was] === 0) return true;
  // A gateway whose clock is ahead takes for over what another one still decides; time ends all but what was taken, and what was over may still be taken away.
  if (was === 'expired') return is === 'withdrawn' || aheadMs !== 0;
  return isOpenDecline(transaction, was) || (is === 'expired' && was !== 'consumed' && was !== 'withdrawn');
}

/** The decline of one phone reads as that until another phone says yes, where the rule lets it. */
const isOpenDecline = ({ decision }: Scenario['transaction'], status: Status): boolean =>
  !decision.rule.declineSettles && decision.challenges.length > 1 && (status === 'declined' || status === 'cancelled');
