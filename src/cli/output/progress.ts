import type { Terminal } from '../terminal.ts';

/** Shows the progress of long work. */
export type Progress = {
  /** Adds this many finished items. */
  step(more?: number): void;
  /** Removes the progress bar, before other output. */
  end(): void;
};

const barWidth = 40;
const everyMs = 100;

/**
 * A progress bar on standard error; nothing if that is not a terminal. `total` is the number of items, and `what` names
 * them; without `total` only a count is shown.
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
