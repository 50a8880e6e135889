import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { importsOf, violations } from './house/structure.ts';

const read = (path: string): string => readFileSync(path, 'utf8');
const sources = new Map(
  globSync(['src/**/*.ts', 'providers/**/*.ts'], { exclude: (name) => String(name).endsWith('.test.ts') }).map((path) => [
    path,
    read(path),
  ]),
);

describe('The architecture', () => {
  it('lets imports go down only', () => {
    assert.ok(sources.size > 50, 'the sources were found');
    assert.deepEqual(violations(sources), []);
  });

  const wrong: [string, Record<string, string>, RegExp][] = [
    ['an import that goes up', { 'src/store/store.ts': "import { a } from '../engine/a.ts';", 'src/engine/a.ts': '' }, /stands above/],
    ['a bare import that goes up', { 'src/store/store.ts': "import '../engine/a.ts';", 'src/engine/a.ts': '' }, /stands above/],
    [
      'a dynamic import that goes up',
      { 'src/store/store.ts': "const a = await import('../engine/a.ts');", 'src/engine/a.ts': '' },
      /stands above/,
    ],
    ['a re-export that goes up', { 'src/store/store.ts': "export * from '../engine/a.ts';", 'src/engine/a.ts': '' }, /stands above/],
    [
      'a type import that goes up',
      { 'src/store/store.ts': "import type {\n  A,\n} from '../engine/a.ts';", 'src/engine/a.ts': '' },
      /stands above/,
    ],
    [
      'an import sideways',
      { 'src/policy/a.ts': "import { b } from '../delivery/registry/b.ts';", 'src/delivery/registry/b.ts': '' },
      /side by side/,
    ],
    [
      'one dialect that knows another',
      { 'src/edge/dialects/rest/a.ts': "import '../linotp/b.ts';", 'src/edge/dialects/linotp/b.ts': '' },
      /side by side/,
    ],
    [
      'a dialect that knows a phone',
      { 'src/edge/dialects/rest/a.ts': "import '../../phones/pipush/b.ts';", 'src/edge/phones/pipush/b.ts': '' },
      /side by side/,
    ],
    [
      'a provider that knows another',
      { 'providers/a/provider.ts': "import '../b/provider.ts';", 'providers/b/provider.ts': '' },
      /side by side/,
    ],
    ['an island that knows the house', { 'src/virtual-phone/a.ts': "import '../engine/b.ts';", 'src/engine/b.ts': '' }, /island/],
    ['a house that knows an island', { 'src/engine/a.ts': "import '../virtual-phone/b.ts';", 'src/virtual-phone/b.ts': '' }, /island/],
    ['Koa below the edge', { 'src/engine/a.ts': "import Koa from 'koa';" }, /only src\/edge/],
    ['a circle', { 'src/engine/a.ts': "import './b.ts';", 'src/engine/b.ts': "import './a.ts';" }, /circle/],
    ['an import without its ending', { 'src/engine/a.ts': "import { b } from './b';" }, /ends in \.ts/],
    ['a folder that says nothing', { 'src/engine/utils/a.ts': '' }, /says nothing/],
    ['a file on no floor', { 'src/elsewhere/a.ts': '' }, /no floor/],
  ];
  for (const [what, files, line] of wrong) {
    it(`would catch ${what}`, () => {
      const found = violations(new Map(Object.entries(files)));
      assert.ok(
        found.some((each) => line.test(each)),
        found.join('\n') || 'nothing was caught',
      );
    });
  }

  it('takes comments for what they are', () => {
    assert.deepEqual(importsOf("// import '../engine/a.ts';\n/* import('./b.ts') */\nconst text = 1;"), []);
  });
});
