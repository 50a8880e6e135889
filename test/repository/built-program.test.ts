import assert from 'node:assert/strict';
import { difference } from '../../scripts/built-program.ts';

const source = `
import type { A } from './a.ts';
import { b, type C } from './b.ts';
/** Says something. */
export function f(x: number, ...rest: string[]): C | undefined {
  return (x as number) > 1 ? b(\`<\${x}>\`, /a+/g) : undefined;
}
export const load = (file: string): Promise<unknown> => import(file);
`;
const built = `var __rewriteRelativeImportExtension = (this && this.__rewriteRelativeImportExtension) || function (path) { return path; };
import { b } from "./b.js";
export function f(x, ...rest) {
    return x > 1 ? b(\`<\${x}>\`, /a+/g) : undefined;
}
export const load = (file) => import(__rewriteRelativeImportExtension(file));
`;

describe('The proof of what is built', () => {
  it('takes the same program without types, however it is written', () => {
    assert.equal(difference(source, built), undefined);
    assert.equal(difference("export type A = 'a';", 'export {};\n'), undefined);
  });

  for (const [title, from, to] of [
    ['another number', 'x > 1', 'x > 2'],
    ['another operator', 'x > 1', 'x >= 1'],
    ['another text', '}>`', '} >`'],
    ['another pattern', '/a+/g', '/a+/gi'],
    ['another import', './b.js', './c.js'],
    ['a parameter less', '(x, ...rest)', '(x)'],
    ['a name more', 'undefined;\n}', 'undefined;\n}\nexport const more = 1;'],
    ['a part less', 'export const load = (file) => import(__rewriteRelativeImportExtension(file));', ''],
  ] as const) {
    it(`finds ${title}, and shows the place`, () => {
      const other = built.replace(from, to);
      assert.notEqual(other, built);
      assert.notEqual(difference(source, other) ?? '', '');
    });
  }
});
