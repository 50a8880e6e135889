import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { corpusFolders, readCorpus } from './engine/corpus.ts';
import { fuzzParser } from './engine/fuzz.ts';
import { judge } from './engine/parser.ts';
import { parsers } from './parsers/index.ts';

const runs = 100;
const seed = Number(process.env.PUSHGATE_FUZZ_SEED ?? randomInt(2 ** 31));

describe(`Every parser that strangers reach (${runs} inputs, PUSHGATE_FUZZ_SEED=${seed})`, function () {
  this.timeout(60_000);

  it('has a name of its own, files that are there, and seeds of which some are taken', async () => {
    assert.equal(new Set(parsers.map(({ name }) => name)).size, parsers.length);
    for (const { name, of, seeds, open, longest } of parsers) {
      assert.deepEqual(
        of.filter((path) => !existsSync(path)),
        [],
        name,
      );
      const [read, inputs] = [open(), seeds()];
      const ends = await Promise.all(inputs.map((input) => judge(read, input)));
      assert.ok(
        ends.some((outcome) => 'end' in outcome && outcome.end === 'taken'),
        `${name}: no seed is taken`,
      );
      assert.ok(
        inputs.every((input) => input.length <= longest),
        `${name}: a seed is too long`,
      );
    }
  });

  it('has the whole corpus, but for that of bare bytes', () => {
    const known = [...parsers.map(({ name }) => name), 'http-head'];
    assert.deepEqual(
      corpusFolders().filter((folder) => !known.includes(folder)),
      [],
    );
  });

  for (const parser of parsers) {
    it(`reads ${parser.name}`, async () => {
      // given all that was ever found, and what once ended in a new way
      const read = parser.open();
      for (const { file, input } of readCorpus(parser)) {
        const outcome = await judge(read, input);
        if ('problem' in outcome) assert.fail(`${file}: ${outcome.problem}`);
      }
      // when more is made of it
      const { finding } = await fuzzParser(parser, { seed, from: 0, runs });
      // then every property holds
      if (finding) assert.fail(`${finding.file}: ${finding.problem}`);
    });
  }
});
