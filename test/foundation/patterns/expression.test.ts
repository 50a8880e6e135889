import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expressionProblem, isFoundIn, isWhole, replaceEach } from '../../../src/foundation/patterns/index.ts';

/** Random expressions in the syntax that both engines share, over few letters, so that they often match. */
const { expression } = fc.letrec<{ expression: string; branch: string; piece: string; atom: string }>((tie) => ({
  expression: fc.array(tie('branch'), { minLength: 1, maxLength: 3 }).map((branches) => branches.join('|')),
  branch: fc.array(tie('piece'), { maxLength: 4 }).map((pieces) => pieces.join('')),
  piece: fc.tuple(tie('atom'), fc.constantFrom('', '', '*', '+', '?', '{1,2}', '*?', '+?')).map((parts) => parts.join('')),
  atom: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('a', 'b', 'é', '.', '\\d', '\\w', '[ab]', '[^a]', '\\.', '\\x61', '\\x62'),
    tie('expression').map((inner) => `(${inner})`),
    tie('expression').map((inner) => `(?:${inner})`),
  ),
}));
const text = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '.', '1', '_', '😀'), maxLength: 8 });

/** JavaScript backtracks: with nested repeats it would be busy for minutes. */
const isShort = (source: string): boolean => (source.match(/[*+?}]/g) ?? []).length <= 5;

/** The two engines differ only in repeats of an expression that may match the empty text. */
const isPlain = (source: string): boolean => !/\)[*+?{]/.test(source);

describe('A regular expression of an operator', () => {
  it('finds and matches exactly where JavaScript does', () => {
    fc.assert(
      fc.property(expression.filter(isShort), text, (source, tried) => {
        assert.equal(isFoundIn(source, tried), new RegExp(source, 'u').test(tried));
        assert.equal(isWhole(source, tried), new RegExp(`^(?:${source})$`, 'u').test(tried));
      }),
    );
  });

  it('replaces as JavaScript does, groups included', () => {
    fc.assert(
      fc.property(expression.filter(isPlain).filter(isShort), text, (source, tried) => {
        const expected = tried.replace(
          new RegExp(source, 'gu'),
          (...found) => `<${found[0]}|${typeof found[1] === 'string' ? found[1] : ''}>`,
        );
        const hasGroup = /\((?!\?)/.test(source);
        const replaced = replaceEach(source, tried, ([whole = '', first = '']) => `<${whole}|${hasGroup ? first : ''}>`);
        assert.equal(replaced, expected);
      }),
    );
  });

  it('matches the whole text even where one alternative ends too early', () => {
    assert.equal(isWhole('a|ab', 'ab'), true);
    assert.equal(isWhole('a$|b', 'a\n'), false);
    assert.equal(isWhole('dmz-(?<zone>[0-9]+)', 'dmz-17'), true);
  });

  const refused: [source: string, why: RegExp][] = [
    ['(a)\\1', /refers back to a group.*write out/],
    ['(?<n>a)\\k<n>', /refers back to a group/],
    ['^(?!adm).*', /looks ahead or behind.*second condition/],
    ['a(?=b)', /looks ahead or behind/],
    ['(?<=a)b', /looks ahead or behind/],
    ['(?<!a)b', /looks ahead or behind/],
    ['a++', /possessive.*leave its mark out/],
    ['(?>a)', /possessive/],
    ['\\p{Script=Greek}', /write its value alone, such as \\p\{Greek\}/],
    ['a{1,2000}', /more than 1000 times/],
    ['\\u00e9', /write it as \\x\{0041\}/],
    ['[^]*', /write \(\?s:\.\)/],
    ['a)|(b', /is not a regular expression: unexpected \)/],
    ['(', /is not a regular expression: missing closing \)/],
    ['[b-a]', /is not a regular expression: invalid character class range/],
  ];
  for (const [source, why] of refused)
    it(`is refused as ${source}, with what to write instead`, () => assert.match(expressionProblem(source) ?? 'taken', why));

  for (const source of ['(a+)+$', '(.*){9}x', '[(?=\\]]+', '\\\\1', '(?i)adm', 'a}+', '\\Qa.b\\E', ''])
    it(`is taken as ${source === '' ? 'an empty text' : source}`, () => assert.equal(expressionProblem(source), undefined));

  it('runs in linear time on a hostile text', function () {
    // Any of these would keep a backtracking engine busy for years.
    this.timeout(5000);
    const busy = 'a'.repeat(4096);
    for (const source of ['(a+)+$x', '(a*)*b', '(a|aa)+$b', '(?:a?){30}a{30}x', '([a-z]+)*!'])
      assert.deepEqual(
        [isFoundIn(source, busy), isWhole(source, busy), replaceEach(source, 'a'.repeat(1024), () => '')],
        [false, false, 'a'.repeat(1024)],
      );
  });
});
