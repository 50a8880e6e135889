import { ok, parseJson, type Result, refused } from '../foundation/model/index.ts';
import { type DoubleKey, scanJson } from './json-scan.ts';
import type { Problem } from './problem.ts';

/** The parsed value of a text, with problems that the parser ignores. */
export type JsonText = { value: unknown; problems: Problem[] };

/**
 * Reads the text of a configuration file, with or without a byte order mark. Text that is not JSON is refused with line
 * and column. A duplicate key is a problem, because the parser silently takes the last one. No message quotes the text.
 */
export function readJson(text: string): Result<JsonText, Problem[]> {
  const json = text.replace(/^\uFEFF/, '');
  const place = openPlaces(json);
  const scan = json.includes('\0') ? ({ ok: false, at: 0, why: 'the file is not UTF-8; save it as that' } as const) : scanJson(json);
  if (!scan.ok) return refused([{ path: [], level: 'error', message: `is not JSON: ${placeText(place(scan.at))}: ${scan.why}` }]);
  return ok({ value: parseJson(json), problems: scan.doubles.map((double) => problemOf(double, place)) });
}

type Place = { line: number; column: number };

function problemOf({ path, first, second }: DoubleKey, place: (at: number) => Place): Problem {
  const message = `is there twice, at ${placeText(place(first))} and ${placeText(place(second))}, and only the last would count; keep one`;
  return { path, level: 'error', message };
}

const placeText = ({ line, column }: Place): string => `line ${line}, column ${column}`;

/** Line and column of a position in the text, both counted from 1. */
function openPlaces(text: string): (at: number) => Place {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return (at) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: at - (starts[low] ?? 0) + 1 };
  };
}
