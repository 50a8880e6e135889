import assert from 'node:assert/strict';
import fc from 'fast-check';
import { openGlob } from '../../../src/foundation/patterns/index.ts';

/** The meaning of a glob, by exhaustive search. */
function means(glob: string, text: string): boolean {
  if (glob === '') return text === '';
  if (glob[0] === '*') return means(glob.slice(1), text) || (text !== '' && means(glob, text.slice(1)));
  return glob[0] === text[0] && means(glob.slice(1), text.slice(1));
}

const letters = (...units: string[]) => fc.string({ unit: fc.constantFrom(...units), maxLength: 7 });

describe('A name with *', () => {
  it('agrees with an exhaustive search', () => {
    fc.assert(
      fc.property(letters('a', 'b', '*'), letters('a', 'b', '.'), (glob, text) => assert.equal(openGlob(glob)(text), means(glob, text))),
      { numRuns: 2000 },
    );
  });

  const cases: [glob: string, text: string, fits: boolean][] = [
    ['*svc*adm*', 'my-SVC-admin', true],
    ['*svc*adm*', 'adm-svc', false],
    ['a*a', 'a', false],
    ['*', '', true],
    ['.+(x)', '.+(X)', true],
    ['j?ne', 'jane', false],
    ['*', 'a\nb', true],
    ['ΟΔΟΣ', 'οδος', true],
    ['οδοσ*', 'ΟΔΟΣ', true],
  ];
  for (const [glob, text, fits] of cases)
    it(`${JSON.stringify(glob)} ${fits ? 'fits' : 'does not fit'} ${JSON.stringify(text)}`, () => assert.equal(openGlob(glob)(text), fits));

  it('is fast on a text of a megabyte that nearly fits', function () {
    this.timeout(5000);
    assert.equal(openGlob('*svc*adm*x*y*')('svcadm'.repeat(200_000)), false);
  });
});
