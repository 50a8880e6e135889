/** How many may be at work at once, and how many may wait (of all names together). */
export type SlotBounds = { slots: number; waiting: number };

/**
 * A bounded queue in front of a bounded number of slots, shared fairly by names. One name has at most three times as many slots as are free beside it, so that
 * the next one always finds some; of those that wait, names take turns, and of one name who came first goes first.
 */
export type FairSlots = {
  /** How long (ms) a newcomer of this name would wait, by how long slots were held lately; infinite where the queue has no room for it. */
  expectedMs(name: string): number;
  /**
   * Takes a slot, after those who wait: what gives it back, once; `late` where there was none within `patienceMs`. `again`: who had one before goes before those
   * who had none.
   */
  take(name: string, patienceMs: number, again?: 'again'): Promise<(() => void) | 'late'>;
  waiting(): number;
};

/** What is known of one name. `heldMs`: how long it holds a slot, as a moving mean. */
type Line = { held: number; heldMs: number; waiting: Set<() => void>; again: Set<() => void> };

const shareOfFree = 3;
/** Until it is measured (ms). */
const assumedMs = 50;
const weightOfNewest = 0.1;

/** Opens free slots. `now`: a clock that never goes back (ms). */
export function openFairSlots(bounds: SlotBounds, now: () => number = () => performance.now()): FairSlots {
  const lines = new Map<string, Line>();
  const [held, waiting] = [countOf(lines, (line) => line.held), countOf(lines, (line) => sizeOf(line))];
  const lineOf = (name: string): Line => {
    const line = lines.get(name) ?? { held: 0, heldMs: assumedMs, waiting: new Set(), again: new Set() };
    lines.set(name, line);
    return line;
  };
  const mayHave = (part: number, all: number, most: number): boolean => part < shareOfFree * (most - all);
  const maySit = (line: Line): boolean => mayHave(line.held, held(), bounds.slots);
  const hold = (line: Line): (() => void) => {
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
      const [name, line] = [...lines].find(([, each]) => sizeOf(each) > 0 && maySit(each)) ?? [];
      called = name !== undefined && line !== undefined;
      if (name === undefined || line === undefined) return;
      // The turn is the next name's.
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
      if (sizeOf(line) === 0 && maySit(line)) return 0;
      if (!mayHave(sizeOf(line), waiting(), bounds.waiting)) return Number.POSITIVE_INFINITY;
      return ((sizeOf(line) + 1) * line.heldMs) / Math.max(1, line.held);
    },
    async take(name, patienceMs, again) {
      const line = lineOf(name);
      const queue = again ? line.again : line.waiting;
      if ((again || sizeOf(line) === 0) && maySit(line)) return hold(line);
      return new Promise((resolve) => {
        const leave = (outcome: (() => void) | 'late'): void => {
          queue.delete(sit);
          clearTimeout(timer);
          resolve(outcome);
        };
        const sit = (): void => leave(hold(line));
        const timer = setTimeout(() => leave('late'), patienceMs);
        queue.add(sit);
      });
    },
  };
}

const sizeOf = ({ waiting, again }: Line): number => waiting.size + again.size;

const countOf = (lines: ReadonlyMap<string, Line>, of: (line: Line) => number) => (): number =>
  [...lines.values()].reduce((sum, line) => sum + of(line), 0);
