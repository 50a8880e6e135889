import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { version } from '../../src/foundation/model/index.ts';

const read = (path: string): string => readFileSync(path, 'utf8');
const sources = globSync(['src/**/*.ts', 'providers/**/*.ts']);
const packageJson: {
  version: string;
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
} = JSON.parse(read('package.json'));

describe('The house', () => {
  it('keeps its files short', () => {
    const long = sources.filter((path) => read(path).split('\n').length > 250);
    assert.deepEqual(long, []);
  });

  it('says what every export promises', () => {
    const silent = sources
      .filter((path) => !path.endsWith('.test.ts'))
      .flatMap((path) =>
        [...read(path).matchAll(/(^|\n)([^\n]*)\nexport (?:async )?(?:function\*?|const|type|class) (\w+)/g)]
          .filter(([, , before]) => !before?.trimEnd().endsWith('*/'))
          .map(([, , , name]) => `${path}: ${name}`),
      );
    assert.deepEqual(silent, []);
  });

  it('never looks away: no any, no suppressed check', () => {
    const loose = sources.filter((path) =>
      /[:<,] ?any\b(?!thing)|@ts-(ignore|expect-error|nocheck)|biome-ignore/.test(
        read(path)
          .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
          .replace(/'[^'\n]*'/g, "''"),
      ),
    );
    assert.deepEqual(loose, []);
  });

  it('has links that lead somewhere', () => {
    const pages = globSync(['*.md', 'docs/**/*.md', 'providers/**/*.md']).filter((path) => !path.startsWith('docs/protocols/'));
    const broken = pages.flatMap((path) =>
      [...read(path).matchAll(/\]\((?!https?:)([^)#]+)/g)]
        .map(([, target]) => join(dirname(path), target ?? ''))
        .filter((target) => !existsSync(target))
        .map((target) => `${path}: ${target}`),
    );
    const references = sources.flatMap((path) =>
      [...read(path).matchAll(/docs\/[\w/.-]+\.md/g)].filter(([target]) => !existsSync(target)).map(([target]) => `${path}: ${target}`),
    );
    assert.deepEqual([...broken, ...references], []);
  });

  it('pins every package exactly, and is one version', () => {
    const versions = Object.entries({ ...packageJson.dependencies, ...packageJson.devDependencies, ...packageJson.optionalDependencies });
    assert.deepEqual(
      versions.filter(([, pinned]) => !/^\d+\.\d+\.\d+$/.test(pinned)),
      [],
    );
    assert.equal(packageJson.version, version);
  });

  it('has a Dockerfile whose files and commands exist', () => {
    const text = read('Dockerfile').replaceAll('\\\n', ' ');
    const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names]) => names?.split(' ') ?? []);
    assert.ok(copied.length > 3);
    assert.deepEqual(
      copied.filter((name) => !existsSync(name)),
      [],
    );
    assert.ok(existsSync('src/main.ts') && text.includes('"dist/src/main.js", "serve"'));
    assert.match(text, /^USER node$/m);
    assert.match(text, /^HEALTHCHECK /m);
    assert.match(packageJson.scripts.build ?? '', /tsconfig\.build\.json/);
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
