import assert from 'node:assert/strict';
import { fuzzParser, openInputs } from './engine/fuzz.ts';
import { type Outcome, type Parser, refused, taken } from './engine/parser.ts';

describe('Fuzzing', () => {
  const rowOf = (read: (input: Buffer) => Outcome | Promise<Outcome>): Parser => ({
    name: 'planted',
    of: [],
    longest: 200,
    seeds: () => [Buffer.from('{"user":"bob","time":17}')],
    open: () => read,
  });
  const fuzzed = async (parser: Parser, seed = 1) => {
    const saved: string[] = [];
    const save = (kind: string, input: Buffer): string => `${saved.push(`${kind} ${input.length}`)}`;
    return { saved, ...(await fuzzParser(parser, { seed, from: 0, runs: 3000 }, { keepEnds: true, save })) };
  };

  it('makes the same inputs of the same seed, each of its number alone, and others of another', () => {
    const row = rowOf(() => taken(''));
    const [first, second, other] = [openInputs(row, 1), openInputs(row, 1), openInputs(row, 2)];
    const numbers = [0, 1, 5, 999];
    assert.deepEqual(numbers.map(first), numbers.toReversed().map(second).toReversed());
    assert.notDeepEqual(numbers.map(first), numbers.map(other));
    assert.ok(Array.from({ length: 1000 }, (_, number) => first(number)).every(({ length }) => length <= row.longest));
  });

  /** What breaks a property; a row more is one more that is found. */
  const broken: Readonly<Record<string, [problem: RegExp, read: (input: Buffer) => Outcome | Promise<Outcome>]>> = {
    'an error that nobody declared': [/SyntaxError/, (input) => taken(JSON.parse(input.toString()))],
    'one that comes late': [
      /no time/,
      async (input) => (input.includes('18446744073709551616') ? Promise.reject(new Error('no time')) : refused()),
    ],
    'a result that grows faster than the input': [/bytes became/, (input) => taken('x'.repeat(input.length ** 2))],
    'another end the second time': [/ended in another way/, () => taken(Math.random())],
  };
  for (const [what, [problem, read]] of Object.entries(broken))
    it(`finds ${what}, and saves the input`, async () => {
      const { finding, saved } = await fuzzed(rowOf(read));
      assert.match(finding?.problem ?? '', problem);
      assert.match(saved.at(-1) ?? '', /^finding \d+$/);
    });

  it('keeps the first input of every new end', async () => {
    const { finding, saved, ends } = await fuzzed(rowOf((input) => (input.length < 10 ? refused('short') : taken(input))));
    assert.deepEqual([finding, saved.length, [...ends.keys()].sort()], [undefined, 1, ['refused: short', 'taken: taken']]);
  });
});
