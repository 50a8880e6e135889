import { keep, readCorpus } from './corpus.ts';
import { makeInput } from './mutate.ts';
import { type Finding, judge, type Parser } from './parser.ts';
import { openRandom } from './random.ts';

/** Which inputs: number `from` and those after it, `runs` of them. One seed over one corpus always makes the same. */
export type Stretch = { seed: number; from: number; runs: number };

/** What came of them: how many were read, how often each end, and the one that broke a property, if any did. */
export type Told = { done: number; ends: ReadonlyMap<string, number>; finding?: Finding & { file: string } };

/** Told before each input whose turn it is; before those that are known already, the number of the first that is made. */
export type OnInput = (number: number) => void;

/** Whether new ends are kept, who is told of each input, and what saves one; without a `save` it is the corpus. */
export type FuzzWishes = { keepEnds?: boolean; onInput?: OnInput; save?: (kind: 'finding' | 'end', input: Buffer) => string };

/** Every so manieth input is read twice; all are where it is cheap to. */
const repeatEvery = 8;
/** So many ends are kept at the most, and no long input for one: a corpus is read in each run. */
const mostEnds = 24;
const longestKept = 1024;

/** What makes the inputs of a parser: number by number, each from the seed alone. */
export function openInputs(parser: Parser, seed: number): (number: number) => Buffer {
  const seeds = [...parser.seeds(), ...readCorpus(parser).map(({ input }) => input)].filter(({ length }) => length <= parser.longest);
  return (number) => makeInput(openRandom(`${seed} ${parser.name} ${number}`), seeds, parser.longest);
}

/**
 * Reads a stretch of inputs, up to the first that breaks a property, which is saved to the corpus. With `keepEnds` the first input of every new end is
 * saved as well.
 */
export async function fuzzParser(
  parser: Parser,
  { seed, from, runs }: Stretch,
  { keepEnds = false, onInput = () => undefined, save = (kind, input) => keep(parser, kind, input) }: FuzzWishes = {},
): Promise<Told> {
  const read = parser.open();
  const makeNumber = openInputs(parser, seed);
  const ends = new Map<string, number>();
  const known = new Set<string>();
  for (const input of keepEnds ? [...parser.seeds(), ...readCorpus(parser).map((kept) => kept.input)] : []) {
    onInput(from);
    const outcome = await judge(read, input, false);
    if ('end' in outcome) known.add(endOf(outcome));
  }
  for (let number = from; number < from + runs; number += 1) {
    onInput(number);
    const input = makeNumber(number);
    const outcome = await judge(read, input, number % repeatEvery === 0);
    if ('problem' in outcome) return { done: number - from, ends, finding: { ...outcome, file: save('finding', input) } };
    const end = endOf(outcome);
    ends.set(end, (ends.get(end) ?? 0) + 1);
    if (!keepEnds || known.has(end) || known.size >= mostEnds || input.length > longestKept) continue;
    known.add(end);
    save('end', input);
  }
  return { done: runs, ends };
}

const endOf = ({ end, as }: { end: string; as: string }): string => `${end}: ${as}`;
