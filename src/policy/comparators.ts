import { expressionProblem, isWhole } from '../foundation/patterns/index.ts';

const kinds = [
  'equals',
  'contains',
  'string_contains',
  'matches',
  'in',
  '<',
  '>',
  'date_before',
  'date_after',
  'date_within_last',
] as const;
type Kind = (typeof kinds)[number];

/** A comparator of a condition; a leading `!` negates it. */
export type Comparator = Kind | `!${Kind}`;

/** All comparators. */
export const comparatorNames: readonly Comparator[] = kinds.flatMap((kind): Comparator[] => [kind, `!${kind}`]);

/** The reason a comparator cannot work with this value, or undefined. */
export function compareProblem(comparator: Comparator, value: string): string | undefined {
  const kind = kindOf(comparator);
  if (kind === 'matches') return expressionProblem(value);
  if (kind === '<' || kind === '>') return Number.isNaN(numberOf(value)) ? 'must be a number or a date' : undefined;
  if (kind === 'date_before' || kind === 'date_after') return Number.isNaN(momentOf(value)) ? 'is not a date' : undefined;
  if (kind === 'date_within_last') return spanOf(value) === undefined ? 'is not a span such as 30m, 12h or 7d' : undefined;
  return undefined;
}

/**
 * Compares a value with that of a condition, at `now` (epoch ms). Values that are neither numbers nor dates compare as
 * false.
 */
export function compare(found: string, comparator: Comparator, value: string, now: number): boolean {
  return isMet(found, kindOf(comparator), value, now) !== comparator.startsWith('!');
}

function isMet(found: string, kind: Kind, value: string, now: number): boolean {
  switch (kind) {
    case 'equals':
      return found === value;
    case 'contains':
    case 'string_contains':
      return found.includes(value);
    case 'matches':
      return isWhole(value, found);
    case 'in':
      return value.split(',').some((each) => each.trim() === found);
    case '<':
      return numberOf(found) < numberOf(value);
    case '>':
      return numberOf(found) > numberOf(value);
    case 'date_before':
      return momentOf(found) < momentOf(value);
    case 'date_after':
      return momentOf(found) > momentOf(value);
    case 'date_within_last':
      return momentOf(found) <= now && momentOf(found) >= now - (spanOf(value) ?? 0);
    default:
      return kind satisfies never;
  }
}

const kindOf = (comparator: Comparator): Kind => kinds.find((kind) => comparator === kind || comparator === `!${kind}`) ?? 'equals';

/** A number, or a date as epoch ms; NaN for anything else. */
const numberOf = (text: string): number => (/^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : momentOf(text));

/** Epoch ms of a text that begins like an ISO date. `Date.parse` alone would take "in 2025" for a date. */
const momentOf = (text: string): number => (/^\d{4}-\d\d-\d\d(?:[T ]|$)/.test(text.trim()) ? Date.parse(text.trim()) : Number.NaN);

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, y: 31_536_000_000 };

/** A span such as `30m`, `12h` or `1y`, in ms; undefined for any other text. */
export function spanOf(text: string): number | undefined {
  const [, amount, unit = ''] = /^\s*(\d{1,6})\s*([smhdy])\s*$/.exec(text) ?? [];
  const ms = unitMs[unit];
  return amount === undefined || ms === undefined ? undefined : Number(amount) * ms;
}
