import type { Terminal } from '../terminal.ts';

/** Shows how far long work is. */
export type Progress = {
  /** So many more are done. */
  step(more?: number): void;
  /** Takes the bar away, before anything else is printed. */
  end(): void;
};

const barWidth = 40;
const everyMs = 100;

/**
 * A bar on standard error where that is a terminal; elsewhere nothing is shown. `total` is the number of things to do, and `what` names them; without a
 * number it is a count alone.
 */
export function openProgress({ rewrite }: Terminal, total: number | undefined, what: string): Progress {
  let [done, shownAt] = [0, -everyMs];
  return {
    step(more = 1) {
      done += more;
      const now = performance.now();
      if (!rewrite || (now - shownAt < everyMs && done !== total)) return;
      shownAt = now;
      if (total === undefined) return rewrite(`${done} ${what}`);
      const part = total === 0 ? 1 : Math.min(1, done / total);
      const filled = Math.floor(part * barWidth);
      rewrite(`[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ${Math.floor(part * 100)} %, ${done} of ${total} ${what}`);
    },
    end: () => rewrite?.(''),
  };
}
