import assert from 'node:assert/strict';
import { accessSync, constants, existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { version } from '../../src/foundation/model/index.ts';

const read = (path: string): string => readFileSync(path, 'utf8');
const sources = globSync(['src/**/*.ts', 'providers/**/*.ts']);
const pages = globSync(['*.md', 'docs/**/*.md', 'providers/**/*.md', 'deploy/**/*.md', 'console/**/*.md', 'bench/**/*.md']);
const longest = 400;
const longestFunction = 60;
const packageJson: {
  version: string;
  bin: Record<string, string>;
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
} = JSON.parse(read('package.json'));

describe('The house', () => {
  it('keeps its files short', () => {
    const long = sources.filter((path) => read(path).trimEnd().split('\n').length > longest);
    assert.deepEqual(long, []);
  });

  it('keeps its functions short, but for tables of operations', () => {
    const tables = ['openMetrics', 'tokenStore', 'transactionStore', 'otherStore'];
    const long = sources.filter(isProduct).flatMap((path) =>
      functionsOf(read(path))
        .filter(({ name, lines }) => lines > longestFunction && !tables.includes(name))
        .map(({ name, lines }) => `${path}: ${name} has ${lines} lines`),
    );
    assert.deepEqual(long, []);
    assert.deepEqual(functionsOf('export async function a() {\n  b();\n}\nconst c = (d) => {\n};\n'), [
      { name: 'a', lines: 3 },
      { name: 'c', lines: 2 },
    ]);
  });

  it('says what every export promises', () => {
    const silent = sources.filter(isProduct).flatMap((path) => silentExports(read(path)).map((line) => `${path}: ${line}`));
    assert.deepEqual(silent, []);
  });

  it('would catch an export that says nothing', () => {
    const spoken = '/** A promise. */\nexport const a = 1;\nexport { b } from "./b.ts";\nexport type { B } from "./b.ts";\n';
    assert.deepEqual(silentExports(spoken), []);
    assert.deepEqual(silentExports('export const first = 1;'), ['export const first = 1;']);
    assert.deepEqual(silentExports(`${spoken}export type C = 1;\nexport async function d() {}`), [
      'export type C = 1;',
      'export async function d() {}',
    ]);
  });

  it('never looks away: no any, no suppressed check', () => {
    assert.deepEqual(
      sources.flatMap((path) => looseWords(read(path)).map((word) => `${path}: ${word}`)),
      [],
    );
  });

  it('would catch a look away', () => {
    for (const text of ['let a: any;', 'f(a as any)', 'type A = any[];', 'g<string, any>()', 'const h = (a?: any) => a;']) {
      assert.deepEqual(looseWords(text), ['any'], text);
    }
    for (const name of ['@ts-ignore', '@ts-expect-error', '@ts-nocheck', 'biome-ignore'])
      assert.deepEqual(looseWords(`// ${name} x`), [name]);
    assert.deepEqual(looseWords("// any will do\nconst a = 'any: any'; AbortSignal.any([]); z.any();"), []);
  });

  it('has links that lead somewhere', () => {
    const broken = pages.flatMap((path) =>
      [...read(path).matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)]
        .map(([, target]) => join(dirname(path), target ?? ''))
        .filter((target) => !existsSync(target))
        .map((target) => `${path}: ${target}`),
    );
    assert.deepEqual(broken, []);
  });

  it('names files that exist on the tour through its code', () => {
    const named = [...read('docs/reading-the-code.md').matchAll(/`((?:src|test|providers)\/[^`]+)`/g)].map(([, path = '']) => path);
    assert.ok(named.length > 20);
    assert.deepEqual(
      named.filter((path) => !existsSync(path)),
      [],
    );
  });

  it('has links to headings that are there', () => {
    const broken = pages.flatMap((path) =>
      [...read(path).matchAll(/\]\((?![a-z]+:)([^)#\s]*)#([^)\s]+)\)/g)]
        .map(([, file, anchor = '']) => ({ page: file ? join(dirname(path), file) : path, anchor }))
        .filter(({ page, anchor }) => existsSync(page) && page.endsWith('.md') && !anchorsOf(read(page)).has(anchor))
        .map(({ page, anchor }) => `${path}: ${page}#${anchor}`),
    );
    assert.deepEqual(broken, []);
    assert.deepEqual([...anchorsOf('# A `b-c`, d\n```\n# no\n```\n')], ['a-b-c-d']);
  });

  it('refers to sections that its protocol pages have', () => {
    const references = sources.flatMap((path) =>
      [...read(path).matchAll(/(docs\/[\w/.-]+\.md)((?:,? \d+(?:\.\d+)*)*)/g)].map(([, page = '', sections = '']) => ({
        path,
        page,
        sections,
      })),
    );
    const broken = references.flatMap(({ path, page, sections }) => {
      if (!existsSync(page)) return [`${path}: ${page}`];
      const missing = (sections.match(/[\d.]+/g) ?? []).filter((section) => !hasSection(read(page), section));
      return missing.map((section) => `${path}: ${page} has no section ${section}`);
    });
    assert.ok(references.length > 0);
    assert.deepEqual(broken, []);
  });

  it('lists every page of its documentation in an index', () => {
    const index = read('docs/README.md') + read('docs/decisions/README.md').replaceAll('](', '](decisions/');
    const lost = pages.filter((path) => /^docs\/.*(?<!README)\.md$/.test(path) && !index.includes(`](${path.slice('docs/'.length)})`));
    assert.deepEqual(lost, []);
  });

  it('pins every package exactly, and is one version', () => {
    const versions = Object.entries({ ...packageJson.dependencies, ...packageJson.devDependencies, ...packageJson.optionalDependencies });
    assert.deepEqual(
      versions.filter(([, pinned]) => !/^\d+\.\d+\.\d+$/.test(pinned)),
      [],
    );
    assert.equal(packageJson.version, version);
  });

  it('ships the packages that the product imports, and none that only tests use', () => {
    const product = sources.filter(isProduct).map(read).join('\n');
    const imported = new Set(
      [...product.matchAll(/(?:from|import|import\() ?'((?:@[\w.-]+\/)?[\w.-]+)(?:\/[^']*)?'/g)].map(([, name = '']) => name),
    );
    const shipped = Object.keys(packageJson.dependencies);
    assert.deepEqual(
      shipped.filter((name) => !imported.has(name)),
      [],
    );
    assert.deepEqual(
      Object.keys(packageJson.devDependencies).filter((name) => imported.has(name)),
      [],
    );
  });

  it('has a command that npx finds in a fresh clone', () => {
    const { pushgate = '', ...others } = packageJson.bin;
    assert.deepEqual(others, {});
    accessSync(pushgate, constants.X_OK);
    assert.match(read(pushgate), /^#!\/usr\/bin\/env node\n/);
  });

  it('shows commands in its README that exist', () => {
    const commands = [...read('README.md').matchAll(/npm (?:run )?(start|test|demo|bench)\b/g)].map(([, name]) => name ?? '');
    assert.ok(commands.length > 0);
    assert.deepEqual(
      commands.filter((name) => !packageJson.scripts[name]),
      [],
    );
  });
});

const isProduct = (path: string): boolean => !path.endsWith('.test.ts');

/** The first lines of all exports that no doc comment stands before; a re-export has its comment where it is declared. */
function silentExports(text: string): string[] {
  const lines = text.split('\n');
  return lines.filter(
    (line, at) =>
      /^export (?:default |declare |abstract |async )*(?:function|const|let|type(?! [{*])|interface|class|enum)\b/.test(line) &&
      !lines[at - 1]?.trimEnd().endsWith('*/'),
  );
}

/** Suppressions anywhere, and `any` where it is a type: outside comments and texts, and not the name of a method. */
function looseWords(text: string): string[] {
  const code = text
    .replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '')
    .replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g, "''");
  return [...(text.match(/@ts-(?:ignore|expect-error|nocheck)|biome-ignore/g) ?? []), ...(code.match(/(?<![\w.])any\b(?! *[:(])/g) ?? [])];
}

/** What links call the headings of a page, as GitHub makes it of their text. */
function anchorsOf(page: string): Set<string> {
  const headings = page.replace(/^\s*```[\s\S]*?^\s*```/gm, '').matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, text = '']) =>
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Whether a page has a heading with this number. */
function hasSection(page: string, section: string): boolean {
  return new RegExp(`^#+ ${section.replaceAll('.', '\\.')}(?![\\d.]*\\d)`, 'm').test(page);
}

/** The functions that a file has on its first level: Biome's layout closes each by a bracket at the beginning of a line. */
function functionsOf(text: string): { name: string; lines: number }[] {
  const found = text.matchAll(/^(?:export )?(?:(?:async )?function\*? (\w+)|const (\w+)\b(?=.*=> [{(]$|.*\($)).*\n(?:[^\n})].*\n|\n)*/gm);
  return [...found].map(([whole, declared = '', assigned = '']) => ({ name: declared || assigned, lines: whole.split('\n').length }));
}
