/** How many may work at once, and how many may wait (of all names together). */
export type SlotBounds = { slots: number; waiting: number };

/**
 * A bounded queue in front of a bounded number of slots, shared fairly between names. One name may hold at most three
 * times as many slots as remain free, so that the next name always finds some. Waiting names take turns; within a name
 * the first to come goes first.
 */
export type FairSlots = {
  /**
   * How long (ms) a newcomer of this name would wait, estimated from recent use; infinite when the queue has no room
   * for it.
   */
  expectedMs(name: string): number;
  /**
   * Takes a slot when it is free, and returns a function that releases it, once; `late` if none was free within
   * `patienceMs`. `again`: a caller that already had a slot goes before those that did not.
   */
  take(name: string, patienceMs: number, again?: 'again'): Promise<(() => void) | 'late'>;
  waiting(): number;
};

/** The state of one name. */
type NameState = {
  /** Slots that it holds. */
  held: number;
  /** How long it holds a slot, as a moving average. */
  heldMs: number;
  waiting: Set<() => void>;
  /** Waiting callers that already had a slot. */
  again: Set<() => void>;
};

const shareOfFree = 3;
/** Assumed time until the first measurement (ms). */
const assumedMs = 50;
const weightOfNewest = 0.1;

/** Opens free slots. `now`: a monotonic clock (ms). */
export function openFairSlots(bounds: SlotBounds, now: () => number = () => performance.now()): FairSlots {
  const lines = new Map<string, NameState>();
  const [held, waiting] = [countOf(lines, (line) => line.held), countOf(lines, (line) => sizeOf(line))];
  const lineOf = (name: string): NameState => {
    const line = lines.get(name) ?? { held: 0, heldMs: assumedMs, waiting: new Set(), again: new Set() };
    lines.set(name, line);
    return line;
  };
  const mayHave = (part: number, all: number, most: number): boolean => part < shareOfFree * (most - all);
  const mayTake = (line: NameState): boolean => mayHave(line.held, held(), bounds.slots);
  const hold = (line: NameState): (() => void) => {
    const since = now();
    line.held += 1;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      line.held -= 1;
      line.heldMs += (now() - since - line.heldMs) * weightOfNewest;
      callNext();
    };
  };
  const callNext = (): void => {
    for (let called = true; called; ) {
      const [name, line] = [...lines].find(([, each]) => sizeOf(each) > 0 && mayTake(each)) ?? [];
      called = name !== undefined && line !== undefined;
      if (name === undefined || line === undefined) return;
      // Moves this name to the end, so that the next name has the next turn.
      lines.delete(name);
      lines.set(name, line);
      const [first] = [...line.again, ...line.waiting];
      first?.();
    }
  };
  return {
    waiting,
    expectedMs(name) {
      const line = lineOf(name);
      if (sizeOf(line) === 0 && mayTake(line)) return 0;
      if (!mayHave(sizeOf(line), waiting(), bounds.waiting)) return Number.POSITIVE_INFINITY;
      return ((sizeOf(line) + 1) * line.heldMs) / Math.max(1, line.held);
    },
    async take(name, patienceMs, again) {
      const line = lineOf(name);
      const queue = again ? line.again : line.waiting;
      if ((again || sizeOf(line) === 0) && mayTake(line)) return hold(line);
      return new Promise((resolve) => {
        const leave = (outcome: (() => void) | 'late'): void => {
          queue.delete(enter);
          clearTimeout(timer);
          resolve(outcome);
        };
        const enter = (): void => leave(hold(line));
        const timer = setTimeout(() => leave('late'), patienceMs);
        queue.add(enter);
      });
    },
  };
}

const sizeOf = ({ waiting, again }: NameState): number => waiting.size + again.size;

const countOf = (lines: ReadonlyMap<string, NameState>, of: (line: NameState) => number) => (): number =>
  [...lines.values()].reduce((sum, line) => sum + of(line), 0);
