import assert from 'node:assert/strict';
import { pathText, problemText } from '../../src/config/index.ts';
import { readJson } from '../../src/config/json-text.ts';

const problemsOf = (text: string): string[] => {
  const read = readJson(text);
  return (read.ok ? read.value.problems : read.error).map(problemText);
};

describe('The text of a configuration', () => {
  const broken: [what: string, text: string, place: string, why: RegExp][] = [
    ['a comment', '{\n  // hello\n  "a": 1 }', 'line 2, column 3', /no comments/],
    ['a comment of several lines', '{ "a": 1 /* one */ }', 'line 1, column 10', /no comments/],
    ['a comment of a shell', '{ "a":\n# one\n1 }', 'line 2, column 1', /no comments/],
    ['a comma at the end of an object', '{ "a": 1,\n}', 'line 1, column 9', /remove this comma/],
    ['a comma at the end of a list', '{ "a": [1, 2, ] }', 'line 1, column 13', /remove this comma/],
    ['two commas', '{ "a": [1,, 2] }', 'line 1, column 11', /remove this comma/],
    ['a comma that is missing', '{ "a": 1\n  "b": 2 }', 'line 2, column 3', /a comma is missing/],
    ['a colon that is missing', '{ "a" 1 }', 'line 1, column 7', /a colon is missing/],
    ['single quotes', "{ 'a': 1 }", 'line 1, column 3', /double quotes/],
    ['a text in single quotes', '{ "a": \'b\' }', 'line 1, column 8', /double quotes/],
    ['a name without quotes', '{ a: 1 }', 'line 1, column 3', /double quotes/],
    ['a word without quotes', '{ "a": True }', 'line 1, column 8', /true, false and null/],
    ['a number with a zero before it', '{ "a": 08080 }', 'line 1, column 8', /no number/],
    ['a line break in a text', '{ "a": "b\nc" }', 'line 1, column 10', /line break/],
    ['a path of Windows', '{ "a": "C:\\config" }', 'line 1, column 11', /begins no escape/],
    ['a text without its end', '{ "a": "b }', 'line 1, column 8', /no closing double quote/],
    ['a bracket that is missing', '{ "a": [1, 2 }', 'line 1, column 14', /closes another kind/],
    ['an early end', '{ "a": 1', 'line 1, column 9', /ends too early/],
    ['a late end', '{ "a": 1 } }', 'line 1, column 12', /after the end/],
    ['nothing', ' \n', 'line 2, column 1', /is empty/],
    ['nothing at all', '', 'line 1, column 1', /is empty/],
    ['UTF-16', '{\0"\0a\0"\0', 'line 1, column 1', /not UTF-8/],
    ['too many levels', '['.repeat(1_000_000), 'line 1, column 101', /more than 100 levels/],
  ];
  for (const [what, text, place, why] of broken) {
    it(`with ${what} is told by line and column`, () => {
      const [problem = '', ...others] = problemsOf(text);
      assert.equal(others.length, 0);
      assert.ok(problem.startsWith(`(file): is not JSON: ${place}: `), problem);
      assert.match(problem, why);
    });
  }

  it('may begin with a byte order mark', () => assert.deepEqual(readJson('\uFEFF{}'), { ok: true, value: { value: {}, problems: [] } }));

  const doubles: [text: string, paths: string[]][] = [
    ['{ "a": 1, "b": { "a": 2 }, "c": [{ "a": 1 }, { "a": 2 }] }', []],
    ['{ "policies": [1], "policies": [] }', ['policies']],
    ['{ "a": [{}, { "b": 1, "\\u0062": 2 }] }', ['a[1].b']],
    ['{ "a": { "x": 1, "x": { "y": 1, "y": 1 } }, "a": 1, "a": 2 }', ['a.x', 'a.x.y', 'a', 'a']],
    ['{ "__proto__": 1, "toString": 2, "__proto__": 3 }', ['__proto__']],
  ];
  for (const [text, paths] of doubles) {
    it(`tells keys that stand twice: ${text}`, () => {
      const read = readJson(text);
      assert.ok(read.ok);
      assert.deepEqual(
        read.value.problems.map(({ path }) => pathText(path)),
        paths,
      );
      assert.deepEqual(read.value.value, JSON.parse(text));
    });
  }

  it('says where the two keys are', () => {
    assert.deepEqual(problemsOf('{\n  "policies": [1],\n  "policies": []\n}'), [
      'policies: is there twice, at line 2, column 3 and line 3, column 3, and only the last would count; keep one',
    ]);
  });

  it('is refused exactly where the parser refuses it', () => {
    const isJson = (text: string): boolean => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '\\',
      '1',
      '-',
      '0',
      '.5',
      'e1',
      'true',
      'nul',
      ' ',
      '\n',
      '\t',
      '\u00a0',
      '/',
    ];
    let seed = 7;
    const next = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    const start = '{"a": [1, -0.5e+3, {"b": null}, "c\\u0041"], "d": {"e": [true, false, []]}}';
    for (let round = 0; round < 20_000; round += 1) {
      const [from, length] = [next(start.length), next(4)];
      const text = start.slice(0, from) + (pieces[next(pieces.length)] ?? '') + start.slice(from + length);
      assert.equal(readJson(text).ok, isJson(text), text);
    }
  });

  it('takes time in proportion to its length', () => {
    const many = `{${Array.from({ length: 200_000 }, () => '"a":1').join(',\n')}}`;
    assert.equal(problemsOf(many).length, 199_999);
    assert.equal(problemsOf(`{"a": "${'\\n'.repeat(2_000_000)}"}`).length, 0);
  });
});
