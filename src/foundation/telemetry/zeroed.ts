import { Counter, Histogram, type Registry } from 'prom-client';

/** Labels with a fixed set of values. */
export type ClosedLabels = Readonly<Record<string, readonly string[]>>;

/** The labels of one series: closed ones are type-checked, open ones are any text. */
export type SeriesLabels<C extends ClosedLabels, O extends string> = { [K in keyof C]: C[K][number] } & Record<O, string>;

/**
 * Shows series with 0 before the first count: Prometheus sees no increase when a series appears with its first count.
 */
export type StartsAtZero<O extends string> = {
  /** Shows every combination of the closed labels for these open ones; existing counts stay. */
  startAtZero(open: Record<O, string>): void;
};

/** A counter that can start at zero. Without open labels all of its series do so at once. */
export type ZeroedCounter<C extends ClosedLabels, O extends string> = StartsAtZero<O> & {
  /** Adds one, or `count`. */
  inc(labels: SeriesLabels<C, O>, count?: number): void;
};

/** A histogram that can start at zero, likewise. */
export type ZeroedHistogram<C extends ClosedLabels, O extends string> = StartsAtZero<O> & {
  observe(labels: SeriesLabels<C, O>, value: number): void;
};

type Description<C extends ClosedLabels, O extends string> = { name: string; help: string; closed: C; open?: readonly O[] };

/** Makes a counter in a registry. */
export function zeroedCounter<const C extends ClosedLabels, const O extends string = never>(
  registry: Registry,
  { name, help, closed, open = [] }: Description<C, O>,
): ZeroedCounter<C, O> {
  const counter = new Counter({ name, help, labelNames: [...open, ...Object.keys(closed)], registers: [registry] });
  const startAtZero = (labels: Readonly<Record<string, string>>): void => {
    for (const series of combinations(closed)) counter.inc({ ...labels, ...series }, 0);
  };
  if (open.length === 0) startAtZero({});
  return { startAtZero, inc: (labels, count = 1) => counter.inc(labels, count) };
}

/** Makes a histogram in a registry. */
export function zeroedHistogram<const C extends ClosedLabels, const O extends string = never>(
  registry: Registry,
  { name, help, closed, open = [], buckets }: Description<C, O> & { buckets: number[] },
): ZeroedHistogram<C, O> {
  const histogram = new Histogram({ name, help, labelNames: [...open, ...Object.keys(closed)], buckets, registers: [registry] });
  const started = new Set<string>();
  const startAtZero = (labels: Readonly<Record<string, string>>): void => {
    const key = JSON.stringify(labels);
    // prom-client's `zero` would discard earlier observations.
    if (started.has(key)) return;
    started.add(key);
    for (const series of combinations(closed)) histogram.zero({ ...labels, ...series });
  };
  if (open.length === 0) startAtZero({});
  return { startAtZero, observe: (labels, value) => histogram.observe(labels, value) };
}

/** Every combination of values; one without labels when there are none. */
function combinations(closed: ClosedLabels): Record<string, string>[] {
  return Object.entries(closed).reduce<Record<string, string>[]>(
    (all, [label, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [label]: value }))),
    [{}],
  );
}
