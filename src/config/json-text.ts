import { ok, parseJson, type Result, refused } from '../foundation/model/index.ts';
import { type DoubleKey, scanJson } from './json-scan.ts';
import type { Problem } from './problem.ts';

/** What a text holds as JSON, and what is wrong in it all the same. */
export type JsonText = { value: unknown; problems: Problem[] };

/**
 * Reads the text of a configuration file; a byte order mark before it does no harm. Refused with line and column where it is not JSON. A key that stands
 * twice is a problem: the parser would take the last one in silence. No message quotes the text.
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

/** Line and column of a place in the text, both from 1. */
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
