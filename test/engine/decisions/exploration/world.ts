import type { Decided, TransactionEvent } from '../../../../src/engine/decisions/decide.ts';
import { effectLeaseMs } from '../../../../src/engine/decisions/effects.ts';
import type { Status } from '../../../../src/engine/decisions/status.ts';
import type { Decision, Effect, Transaction } from '../../../../src/foundation/model/index.ts';
import type { Move, Scenario } from './scenario.ts';
import { until } from './scenario.ts';

/** What is explored: the functions of the engine, and how gateways and the store go about a decision; a mutant replaces one of them. */
export type Parts = {
  decide(decision: Decision, event: TransactionEvent, now: number): Decided;
  effectsOf(before: Transaction, next: Decision, now: number): Effect[];
  statusOf(decision: Decision, now: number): Status;
  ownOf(transaction: Transaction | undefined, authServer: string): Transaction | undefined;
  /** Whether the store lets a write happen that was decided on `seen`. */
  mayWrite(stored: Decision, seen: Decision): boolean;
  /** What a gateway does whose write came second. */
  afterConflict: 'decides again' | 'tells what it decided';
  /** When the sender is told. */
  tells: 'after the write' | 'before the write';
  /** Whether an effect that was carried out once is carried out again. */
  isCounted(done: readonly string[], id: string): boolean;
};

/** A request at a gateway. `seen` is what it read last; `plan` what it is about to write. `knew` is what was settled when it came. */
export type Flight = {
  gateway: number;
  move: number;
  seen: Decision;
  plan?: { decided: Decided; effects: Effect[]; at: number };
  knew: Pick<Known, 'isDeclined' | 'isTakenBack' | 'taken'>;
};

/** Effects that a gateway carries out; counted: what is left is to take them off. */
type Chore = { gateway: number; effects: readonly Effect[]; isCounted: boolean };

/** What an onlooker knows who sees all wires and understands none of the engine. */
export type Known = {
  /** How often the server was told ACCEPT. */
  accepts: number;
  /** Phones whose right answer was looked at in its time, and the end of the longest grace that one of them could have begun. */
  answered: readonly number[];
  graceUntil: number;
  /** By phone: the answer that it was told was taken, and until when servers may finish by it. */
  taken: readonly (string | undefined)[];
  takenUntil: number;
  isDeclined: boolean;
  isTakenBack: boolean;
  /** Wrong picks that were looked at, by their digests. */
  wrong: readonly string[];
};

/** Everything at one moment. Frozen by habit: no step changes one, each makes a new one. */
export type World = {
  time: number;
  stored: Decision | undefined;
  effects: readonly Effect[];
  effectsDue: number;
  /** Ids of effects, each time it was counted. */
  counted: readonly string[];
  flights: readonly Flight[];
  chores: readonly Chore[];
  known: Known;
};

/** One step: its name in words, what was told in it, and the world after it. */
export type Step = { name: string; told?: Told; world: World };

/** A reply as it leaves a gateway whose clock read `now` when it was decided. */
export type Told = { move: Move; reply: Decided['reply']; now: number; knew: Flight['knew']; isWritten?: boolean };

/** How many requests are under way at most: two are enough for each to overtake the other. */
const mostFlights = 2;

/** The world in which the login has just begun. */
export function beginning({ transaction, taken }: Scenario): World {
  const known: Known = {
    accepts: 0,
    answered: taken.map((_answer, phone) => phone),
    graceUntil: until,
    taken,
    takenUntil: until,
    isDeclined: false,
    isTakenBack: false,
    wrong: [],
  };
  return { time: 0, stored: transaction.decision, effects: [], effectsDue: 0, counted: [], flights: [], chores: [], known };
}

/** What the clock of a gateway reads. */
export const clockOf = ({ moments, aheadMs }: Scenario, { time }: World, gateway: number): number =>
  (moments[time] ?? 0) + (gateway === 1 ? aheadMs : 0);

/** All that can happen next. */
export function* stepsFrom(scenario: Scenario, parts: Parts, world: World): Generator<Step> {
  for (let time = world.time + 1; time < scenario.moments.length; time += 1)
    yield { name: `time passes until ${scenario.moments[time]}`, world: { ...world, time } };
  for (const gateway of [0, 1]) {
    yield* arrivals(scenario, parts, world, gateway);
    yield* houseKeeping(scenario, world, gateway);
  }
  for (const [index, flight] of world.flights.entries()) {
    const rest = { ...world, flights: world.flights.toSpliced(index, 1) };
    yield flight.plan ? write(scenario, parts, rest, flight) : decideNow(scenario, parts, rest, flight);
  }
  for (const [index, chore] of world.chores.entries()) yield workOn(parts, world, chore, index);
}

function* arrivals(scenario: Scenario, parts: Parts, world: World, gateway: number): Generator<Step> {
  const { moves, transaction } = scenario;
  const { stored, flights, known } = world;
  if (!stored || flights.length >= mostFlights) return;
  for (const [number, move] of moves.entries()) {
    if (move.authServer !== undefined && !parts.ownOf({ ...transaction, decision: stored }, move.authServer)) continue;
    // The same request twice under way is a repetition; more of them show nothing new.
    if (flights.filter((flight) => flight.move === number).length > 1) continue;
    const { isDeclined, isTakenBack, taken } = known;
    const flight: Flight = { gateway, move: number, seen: stored, knew: { isDeclined, isTakenBack, taken } };
    if (scenario.isSlow) yield { name: `gateway ${gateway} reads: ${move.name}`, world: { ...world, flights: [...flights, flight] } };
    else yield decideNow(scenario, parts, world, flight);
  }
}

function* houseKeeping(scenario: Scenario, world: World, gateway: number): Generator<Step> {
  const now = clockOf(scenario, world, gateway);
  const isHere = (each: { gateway: number }): boolean => each.gateway === gateway;
  if (world.flights.some(isHere) || world.chores.some(isHere)) {
    const [flights, chores] = [world.flights.filter((each) => !isHere(each)), world.chores.filter((each) => !isHere(each))];
    yield { name: `gateway ${gateway} dies and comes back`, world: { ...world, flights, chores } };
  }
  if (scenario.isSlow && world.effects.length > 0 && world.effectsDue <= now) {
    const chores = [...world.chores, { gateway, effects: world.effects, isCounted: false }];
    yield { name: `gateway ${gateway} takes over effects`, world: { ...world, effectsDue: now + effectLeaseMs, chores } };
  }
  if (world.stored && (world.effects.length === 0 || !scenario.isSlow) && world.stored.finishUntil < now)
    yield { name: `gateway ${gateway} deletes what has expired`, world: { ...world, stored: undefined } };
}

function decideNow(scenario: Scenario, parts: Parts, world: World, flight: Flight): Step {
  const now = clockOf(scenario, world, flight.gateway);
  const move = moveOf(scenario, flight);
  const decided = parts.decide(flight.seen, move.event, now);
  const seen = { ...world, known: lookedAt(scenario, world.known, move, now) };
  const name = `gateway ${flight.gateway} decides: ${move.name}: ${decided.reply}`;
  if (!decided.next) return told(scenario, { name, world: seen }, flight, { move, reply: decided.reply, now });
  const effects = parts.effectsOf({ ...scenario.transaction, decision: flight.seen }, decided.next, now);
  const flights = [...world.flights, { ...flight, plan: { decided, effects, at: now } }];
  const step = { name, world: { ...seen, flights } };
  return parts.tells === 'before the write' ? told(scenario, step, flight, { move, reply: decided.reply, now }) : step;
}

function write(scenario: Scenario, parts: Parts, world: World, flight: Flight): Step {
  const { plan, gateway, seen } = flight;
  const move = moveOf(scenario, flight);
  if (!plan?.decided.next || !world.stored)
    return told(scenario, { name: `gateway ${gateway} finds nothing to write on: ${move.name}`, world }, flight, {
      move,
      reply: 'refused',
      now: plan?.at ?? 0,
    });
  const reply = { move, reply: plan.decided.reply, now: plan.at, isWritten: true };
  if (!parts.mayWrite(world.stored, seen)) {
    const name = `gateway ${gateway} comes second: ${move.name}`;
    if (parts.afterConflict === 'tells what it decided') return told(scenario, { name, world }, flight, reply);
    const { plan: _old, ...again } = flight;
    return { name, world: { ...world, flights: [...world.flights, { ...again, seen: world.stored }] } };
  }
  const { effects } = plan;
  const isFollowed = scenario.isSlow && effects.length > 0;
  const due = effects.length > 0 ? { effects: [...world.effects, ...effects], effectsDue: plan.at + effectLeaseMs } : {};
  const chores = isFollowed ? [...world.chores, { gateway, effects, isCounted: false }] : world.chores;
  const step = { name: `gateway ${gateway} writes: ${move.name}`, world: { ...world, ...due, chores, stored: plan.decided.next } };
  return parts.tells === 'before the write' ? step : told(scenario, step, flight, reply);
}

function workOn(parts: Parts, world: World, chore: Chore, index: number): Step {
  const ids = chore.effects.map(({ id }) => id);
  if (chore.isCounted) {
    const effects = world.effects.filter(({ id }) => !ids.includes(id));
    return { name: `gateway ${chore.gateway} takes effects off`, world: { ...world, effects, chores: world.chores.toSpliced(index, 1) } };
  }
  const counted = [...world.counted, ...ids.filter((id) => !parts.isCounted(world.counted, id))];
  const chores = world.chores.with(index, { ...chore, isCounted: true });
  return { name: `gateway ${chore.gateway} carries effects out`, world: { ...world, counted, chores } };
}

const moveOf = ({ moves }: Scenario, { move }: Flight): Move => {
  const found = moves[move];
  if (!found) throw new Error(`no move ${move}`);
  return found;
};

/** Notes what the onlooker sees when a gateway looks at an answer: only its signature, option and time count, not what the engine makes of it. */
function lookedAt({ transaction }: Scenario, known: Known, { event, phone }: Move, now: number): Known {
  if (event.kind !== 'answered' || phone === undefined || now >= until || event.verdict === 'declined') return known;
  if (event.option === 'wrong')
    return known.wrong.includes(event.answer) ? known : { ...known, wrong: [...known.wrong, event.answer].sort() };
  const answered = known.answered.includes(phone) ? known.answered : [...known.answered, phone].sort();
  return { ...known, answered, graceUntil: Math.max(known.graceUntil, now + transaction.decision.rule.graceMs) };
}

function told({ transaction }: Scenario, step: Step, { knew }: Flight, reply: Omit<Told, 'knew'>): Step {
  const { move, now } = reply;
  const { event, phone } = move;
  let { known } = step.world;
  if (reply.reply === 'accepted') known = { ...known, accepts: Math.min(2, known.accepts + 1) };
  if (event.kind === 'withdrawn' && event.by === 'server' && reply.reply === 'taken') known = { ...known, isTakenBack: true };
  if (event.kind === 'answered' && phone !== undefined && reply.reply !== 'refused') {
    const taken = [0, 1].map((each) => (each === phone ? event.answer : known.taken[each]));
    const { graceMs, declineSettles } = transaction.decision.rule;
    const isDeclined = known.isDeclined || (event.verdict === 'declined' && declineSettles);
    known = { ...known, taken, isDeclined, takenUntil: reply.isWritten ? Math.max(known.takenUntil, now + graceMs) : known.takenUntil };
  }
  return { ...step, told: { ...reply, knew }, world: { ...step.world, known } };
}
