import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { importsOf, missingRooms, violations } from './repository/structure.ts';

const isSource = (path: string): boolean => !path.endsWith('.test.ts');
const sources = new Map(
  globSync(['src/**/*.ts', 'providers/**/*.ts'])
    .filter(isSource)
    .map((path) => [path, readFileSync(path, 'utf8')]),
);

/** A file with this text, beside files that exist and import nothing. */
const house = (path: string, text: string, ...others: string[]): Map<string, string> =>
  new Map([[path, text], ...others.map((other): [string, string] => [other, ''])]);

describe('The architecture', () => {
  it('lets imports go down only', () => {
    assert.ok(sources.size > 50, 'the sources were found');
    assert.deepEqual(violations(sources), []);
  });

  it('names only rooms that are there', () => {
    assert.deepEqual(missingRooms(sources), []);
    assert.ok(missingRooms(new Map()).includes('src/engine/pins'), 'would catch one that is not');
  });

  const forms = {
    'a named import': "import { a } from '../engine/pins/a.ts';",
    'a default import': 'import a from "../engine/pins/a.ts";',
    'a tight import': "import{a}from'../engine/pins/a.ts'",
    'a namespace import': "import * as a from '../engine/pins/a.ts';",
    'a type import over several lines': "import type {\n  A,\n} from '../engine/pins/a.ts';",
    'a bare import': "const b = 1;\nimport '../engine/pins/a.ts';",
    'an import after a comment': "/** Says why. */ import { a } from '../engine/pins/a.ts';",
    'an import after a text that looks like a comment': "const glob = 'src/*/a'; /* */\nimport { a } from '../engine/pins/a.ts';",
    'a named re-export': "export { a } from '../engine/pins/a.ts';",
    'a re-export of everything': "export * from '../engine/pins/a.ts';",
    'a re-export under a name': "export * as a from '../engine/pins/a.ts';",
    'a re-export of a type': "export type { A } from '../engine/pins/a.ts';",
    'a dynamic import': "const a = await import('../engine/pins/a.ts');",
    'a dynamic import over several lines': "const a = import(\n  /* late */ '../engine/pins/a.ts',\n);",
    'a dynamic import of a template': 'const a = await import(`../engine/pins/a.ts`);',
    'the type of an import': "type A = typeof import('../engine/pins/a.ts');",
    'a require': "const a = require('../engine/pins/a.ts');",
  };
  for (const [form, text] of Object.entries(forms)) {
    it(`would catch ${form} that goes up`, () => {
      const found = violations(house('src/store/store.ts', text, 'src/engine/pins/a.ts'));
      assert.deepEqual(found, [
        'src/store/store.ts imports src/engine/pins/a.ts: src/store/store.ts may not import src/engine/pins, which stands above it',
      ]);
    });
  }

  const sideways: [what: string, from: string, to: string][] = [
    ['one dialect that knows another', 'src/edge/dialects/rest/a.ts', 'src/edge/dialects/linotp/b.ts'],
    ['one phone that knows another', 'src/edge/phones/pipush/a.ts', 'src/edge/phones/linotp/b.ts'],
    ['a login that knows the administration of its dialect', 'src/edge/dialects/rest/login/a.ts', 'src/edge/dialects/rest/tokens/b.ts'],
    ['decisions that know PINs', 'src/engine/decisions/a.ts', 'src/engine/pins/b.ts'],
    ['a dialect that knows a phone', 'src/edge/dialects/rest/a.ts', 'src/edge/phones/pipush/b.ts'],
    ['a policy that knows delivery', 'src/policy/a.ts', 'src/delivery/registry/b.ts'],
    ['a policy that knows the provider-kit', 'src/policy/a.ts', 'src/delivery/provider-kit/b.ts'],
    ['a policy that knows the contract of the store', 'src/policy/a.ts', 'src/store/store.ts'],
    ['a store that knows policies', 'src/store/embedded/a.ts', 'src/policy/b.ts'],
    ['a store that knows providers', 'src/store/embedded/a.ts', 'providers/catalog.ts'],
    ['a store that knows another', 'src/store/embedded/a.ts', 'src/store/mongodb/b.ts'],
    ['delivery that knows the store', 'src/delivery/registry/a.ts', 'src/store/store.ts'],
    ['a provider that knows another', 'providers/a/provider.ts', 'providers/b/provider.ts'],
  ];
  for (const [what, from, to] of sideways) {
    it(`would catch ${what}`, () => {
      const found = violations(house(from, `import '${relative(from, to)}';`, to));
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0] ?? '', /side by side/);
    });
  }

  const others: [what: string, files: Map<string, string>, line: RegExp][] = [
    [
      'a provider that goes past the kit',
      house('providers/a/b.ts', "import '../../src/foundation/wire/c.ts';", 'src/foundation/wire/c.ts'),
      /kit only/,
    ],
    [
      'an island that knows the house',
      house('src/virtual-phone/a.ts', "import '../engine/pins/b.ts';", 'src/engine/pins/b.ts'),
      /an island imports/,
    ],
    [
      'an island that knows another',
      house('src/fakes/a.ts', "import '../virtual-phone/b.ts';", 'src/virtual-phone/b.ts'),
      /an island imports/,
    ],
    [
      'a house that knows an island',
      house('src/engine/pins/a.ts', "import '../../virtual-phone/b.ts';", 'src/virtual-phone/b.ts'),
      /only the commands/,
    ],
    ['Koa below the edge', house('src/engine/pins/a.ts', "import Koa from 'koa';"), /only src\/edge/],
    ['a part of Koa below the edge', house('src/engine/pins/a.ts', "import { Router } from '@koa/router';"), /only src\/edge/],
    ['a file of the tests', house('src/engine/pins/a.ts', "import '../../../test/kit/clock.ts';"), /no such file/],
    ['a file by its whole path', house('src/engine/pins/a.ts', "import '/srv/a.ts';"), /relative path/],
    ['a file by the name of the package', house('src/engine/pins/a.ts', "import 'pushgate/provider-kit';"), /relative path/],
    ['an import without its ending', house('src/engine/pins/a.ts', "import { b } from './b';", 'src/engine/pins/b.ts'), /ends in \.ts/],
    ['a folder that says nothing', house('src/engine/pins/utils/a.ts', ''), /says nothing/],
    ['a file on no floor', house('src/elsewhere/a.ts', ''), /no floor/],
    [
      'a circle',
      new Map([
        ['src/engine/pins/a.ts', "import './b.ts';"],
        ['src/engine/pins/b.ts', "export * from './a.ts';"],
      ]),
      /a circle of imports: src\/engine\/pins\/a\.ts > src\/engine\/pins\/b\.ts > src\/engine\/pins\/a\.ts/,
    ],
  ];
  for (const [what, files, line] of others) {
    it(`would catch ${what}`, () => {
      const found = violations(files);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0] ?? '', line);
    });
  }

  it('lets a floor know the ones below it', () => {
    const good: [from: string, to: string][] = [
      ['src/main.ts', 'src/store/embedded/a.ts'],
      ['src/cli/a.ts', 'src/virtual-phone/b.ts'],
      ['src/virtual-phone/a.ts', 'src/foundation/wire/b.ts'],
      ['src/delivery/registry/a.ts', 'providers/catalog.ts'],
      ['providers/catalog.ts', 'providers/a/provider.ts'],
      ['providers/a/provider.ts', 'src/delivery/provider-kit/index.ts'],
      ['src/engine/pins/a.ts', 'src/engine/users/b.ts'],
      ['src/foundation/keyring/a.ts', 'src/foundation/model/b.ts'],
    ];
    for (const [from, to] of good) assert.deepEqual(violations(house(from, `import '${relative(from, to)}';`, to)), []);
  });

  it('takes comments for what they are', () => {
    assert.deepEqual(
      importsOf("// import '../engine/pins/a.ts';\n  /* import('./b.ts') */\n/**\n * import './c.ts';\n */\nconst text = 1;"),
      [],
    );
  });

  it('takes texts and names for what they are', () => {
    assert.deepEqual(
      importsOf("export const from = 'a';\nexport type A = { from: 'x' };\nconst imported = load('b');\nexport const c = 'd';"),
      [],
    );
  });
});

/** The specifier by which one file imports another. */
function relative(from: string, to: string): string {
  return `${'../'.repeat(from.split('/').length - 1) || './'}${to}`;
}
