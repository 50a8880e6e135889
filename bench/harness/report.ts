import type { Sample } from './measure.ts';

/** All samples of one bench on one side, and the limit of that run (operations per second), if there is one. */
export type Series = { bench: string; side: string; samples: Sample[]; limit?: number | undefined };

/** A table: the median of each figure, and the range of the rates. A ratio is left out if a sample has a fault. */
export function tableOf(series: readonly Series[]): string {
  const head = ['bench', 'side', 'per second (least to most)', 'CPU ms', 'p50 ms', 'p99 ms', 'client', 'of the limit'];
  const rows = [head, ...series.map(rowOf)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const faults = series.flatMap(({ bench, side, samples }) =>
    samples.flatMap((sample) => sample.faults.map((fault) => `${bench}, ${side}: ${fault}`)),
  );
  return [...lines, ...new Set(faults)].join('\n');
}

/** The ratio of `side` to `against` for each bench without faults. */
export function gainsOf(series: readonly Series[], side: string, against: string): string {
  const lines = series
    .filter((each) => each.side === side)
    .map((each) => {
      const other = series.find(({ bench, side: name }) => bench === each.bench && name === against);
      if (!other || hasFault(each) || hasFault(other)) return `${each.bench}: no ratio`;
      const rate = middle(each, 'perSecond') / middle(other, 'perSecond');
      const cpu = middle(each, 'cpuMs') / middle(other, 'cpuMs');
      return `${each.bench}: ${rate.toFixed(2)} times the rate, ${cpu.toFixed(2)} times the CPU`;
    });
  return [`${side} beside ${against}`, ...lines].join('\n');
}

function rowOf(series: Series): string[] {
  const rates = series.samples.map(({ perSecond }) => perSecond);
  const span = `${Math.round(Math.min(...rates))} to ${Math.round(Math.max(...rates))}`;
  const rate = middle(series, 'perSecond');
  return [
    series.bench,
    series.side,
    `${Math.round(rate)} (${span})`,
    middle(series, 'cpuMs').toFixed(2),
    middle(series, 'p50').toFixed(1),
    middle(series, 'p99').toFixed(1),
    `${Math.round(middle(series, 'clientShare') * 100)} %`,
    series.limit === undefined || hasFault(series) ? '-' : `${Math.round((100 * rate) / series.limit)} %`,
  ];
}

const hasFault = ({ samples }: Series): boolean => samples.some(({ faults }) => faults.length > 0);

/** The median of a figure. */
export function middle({ samples }: Series, figure: Exclude<keyof Sample, 'faults'>): number {
  const sorted = samples.map((sample) => sample[figure]).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
