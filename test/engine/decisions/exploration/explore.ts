import type { Decided } from '../../../../src/engine/decisions/decide.ts';
import type { Decision, Effect } from '../../../../src/foundation/model/index.ts';
import { brokenBy } from './promises.ts';
import type { Scenario } from './scenario.ts';
import { beginning, type Flight, type Known, type Parts, stepsFrom, type World } from './world.ts';

/** What an exploration saw: different worlds, the steps between them, and the shortest way to a broken promise, if there is one. */
export type Explored = { states: number; steps: number; depth: number; broken?: { promise: string; path: string[] } };

type Visited = { world: World; from: number; name: string };

/** Goes through everything that can happen in up to `depth` steps, in every order; each world once. Stops early where `most` worlds were seen. */
export function explore(scenario: Scenario, wanted: Parts, depth: number, most = Number.POSITIVE_INFINITY): Explored {
  const { parts, numberOf } = remembering(wanted);
  const keyOf = keysOf(scenario, numberOf);
  const first = beginning(scenario);
  const visited: Visited[] = [{ world: first, from: -1, name: '' }];
  const seen = new Set([keyOf(first)]);
  const explored: Explored = { states: 1, steps: 0, depth: 0 };
  let [begin, end] = [0, 1];
  for (let level = 0; level < depth && begin < end; level += 1) {
    for (let at = begin; at < end; at += 1) {
      const from = visited[at];
      if (!from) break;
      for (const step of stepsFrom(scenario, parts, from.world)) {
        explored.steps += 1;
        const promise = brokenBy(scenario, parts, from.world, step);
        if (promise !== undefined) {
          const path = [...pathTo(visited, at), step.name];
          return { ...explored, states: seen.size, depth: level + 1, broken: { promise, path } };
        }
        const key = keyOf(step.world);
        if (seen.has(key)) continue;
        seen.add(key);
        if (level + 1 < depth) visited.push({ world: step.world, from: at, name: step.name });
      }
      if (seen.size > most) return { ...explored, states: seen.size, depth: level };
    }
    [begin, end] = [end, visited.length];
    explored.depth = level + 1;
  }
  return { ...explored, states: seen.size };
}

function pathTo(visited: readonly Visited[], at: number): string[] {
  const path: string[] = [];
  for (let step = visited[at]; step && step.from >= 0; step = visited[step.from]) path.unshift(step.name);
  return path;
}

/** The same parts, asked once for the same: they are pure. Equal decisions become one object with a number. */
function remembering(wanted: Parts): { parts: Parts; numberOf: (decision: Decision) => number } {
  const known = new Map<string, Decision>();
  const numbers = new Map<Decision, number>();
  const numberOf = (decision: Decision): number => {
    const number = numbers.get(decision) ?? numbers.size;
    numbers.set(decision, number);
    return number;
  };
  const replies = new Map<string, Decided>();
  const one = (decision: Decision): Decision => {
    const text = JSON.stringify(decision);
    const first = known.get(text) ?? decision;
    known.set(text, first);
    return first;
  };
  const events = new Map<object, number>();
  const parts: Parts = {
    ...wanted,
    decide(decision, event, now) {
      const number = events.get(event) ?? events.size;
      events.set(event, number);
      const key = `${numberOf(decision)} ${number} ${now}`;
      const remembered = replies.get(key);
      if (remembered) return remembered;
      const { reply, next } = wanted.decide(decision, event, now);
      const decided: Decided = next ? { reply, next: one(next) } : { reply };
      replies.set(key, decided);
      return decided;
    },
  };
  return { parts, numberOf };
}

/** A text that two worlds share only when the same can happen in both. Gateways whose clocks agree are one like the other. */
function keysOf({ aheadMs }: Scenario, numberOf: (decision: Decision) => number): (world: World) => string {
  const knownText = once(({ taken, wrong, answered, ...rest }: Known) => [Object.values(rest), taken, '', answered, '', wrong].join());
  const knewText = once(({ isDeclined, isTakenBack, taken }: Flight['knew']) => `${isDeclined},${isTakenBack},${taken}`);
  const flightText = once(({ move, seen, plan, knew }: Flight) => {
    const next = plan?.decided.next;
    return `${move},${numberOf(seen)},${next && plan ? `${numberOf(next)}@${plan.at}` : ''},${knewText(knew)}`;
  });
  const idsOf = once((effects: readonly Effect[]) => effects.map(({ id }) => id).join());
  const placed = ({ flights, chores }: World, first: number): string => {
    const going = flights.map((flight) => `${flight.gateway ^ first},${flightText(flight)}`);
    const doing = chores.map(({ gateway, effects, isCounted }) => `${gateway ^ first},${idsOf(effects)},${isCounted}`);
    return `${going.sort().join('|')};${doing.sort().join('|')}`;
  };
  return (world) => {
    const { time, stored, effects, effectsDue, counted, known } = world;
    const common = `${time};${stored ? numberOf(stored) : ''};${effectsDue};${idsOf(effects)};${counted};${knownText(known)}`;
    const one = placed(world, 0);
    if (aheadMs !== 0) return `${common};${one}`;
    const other = placed(world, 1);
    return [common, ...[one, other].sort().slice(0, 1)].join(';');
  };
}

/** The same, but each object is looked at once. */
function once<T extends object>(textOf: (value: T) => string): (value: T) => string {
  const known = new WeakMap<T, string>();
  return (value) => {
    const text = known.get(value) ?? textOf(value);
    known.set(value, text);
    return text;
  };
}
