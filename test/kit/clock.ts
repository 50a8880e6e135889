import type { Clock } from '../../src/foundation/model/index.ts';

/** A clock that only moves when a test moves it. */
export type FakeClock = Clock & { advance(ms: number): void };

/** A fake clock; by default it starts on 1 March 2026, 10:00 UTC (epoch ms). */
export function fakeClock(start = Date.UTC(2026, 2, 1, 10)): FakeClock {
  let now = start;
  return Object.assign(() => now, {
    advance: (ms: number) => {
      now += ms;
    },
  });
}

/** Milliseconds, for readable tests. */
export const seconds = (n: number): number => n * 1000;
/** Milliseconds, for readable tests. */
export const minutes = (n: number): number => n * 60_000;
