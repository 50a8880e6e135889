import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';

/** What docs/security.md claims by a test: the title that it shows, and the file where that stands. */
type Claim = { title: string; file: string };
/** A row of its tables of requirements. */
type Requirement = { id: string; met: string; how: string; shown: string };

const read = (path: string): string => readFileSync(path, 'utf8');
const page = read('docs/security.md');
/** The requirements of ASVS 5.0 chapter V6: how many each of its sections has. */
const sizes = [3, 12, 8, 6, 8, 4, 2, 4];
const asvsIds = sizes.flatMap((size, section) => Array.from({ length: size }, (_, at) => `6.${section + 1}.${at + 1}`));

/** Claims stand as `[title][key]`, and below the page the file of each key. */
const files = new Map([...page.matchAll(/^\[([a-z-]+)\]: \.\.\/(\S+)$/gm)].map(([, key = '', file = '']) => [key, file]));
const claimsIn = (text: string): Claim[] =>
  [...text.matchAll(/\[([^\]]+)\]\[([a-z-]+)\]/g)].map(([, title = '', key = '']) => ({
    title,
    file: files.get(key) ?? `nothing for ${key}`,
  }));

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** The titles of a test file; a part that the rows of a test fill in stands for any text. */
function titlesOf(text: string): RegExp[] {
  const titles = [...text.matchAll(/\b(?:it|describe)\(\s*(?:'((?:\\.|[^'\\])*)'|"([^"]*)"|`([^`]*)`)/g)];
  return titles.map(([, single, double, template = '']) => {
    const whole = single?.replaceAll("\\'", "'") ?? double;
    const parts = whole === undefined ? template.split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/) : [whole];
    return new RegExp(`^${parts.map(escaped).join('(.+)')}$`);
  });
}

/** Whether a file has a test of this title; what its rows fill in has to stand in the file, too. */
function isShown({ title, file }: Claim): boolean {
  if (!existsSync(file)) return false;
  const text = read(file);
  return titlesOf(text).some((pattern) =>
    pattern
      .exec(title)
      ?.slice(1)
      .every((part) => text.includes(part)),
  );
}

/** The rows of the tables whose first column is headed by `Id`. */
function requirementsIn(text: string): Requirement[] {
  const rows = text.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  const heads = rows.flatMap(([, head], at) => (head === 'Id' ? [at] : []));
  return heads.flatMap((head) => {
    const end = rows.findIndex((row, at) => at > head && row.length < 3);
    const body = rows.slice(head + 2, end < 0 ? undefined : end);
    return body.map(([, id = '', , met = '', how = '', shown = '']) => ({ id, met, how, shown }));
  });
}

/** What is wrong with a requirement as the page answers it. */
function problemsOf({ id, met, how, shown }: Requirement): string[] {
  if (!['yes', 'partly', 'no', 'not ours'].includes(met)) return [`${id}: "${met}" is no answer`];
  if (how === '') return [`${id}: says nothing of how, or why not`];
  return met === 'yes' && shown === '' ? [`${id}: is met, and nothing shows it, nor why nothing can`] : [];
}

describe('The page on security', () => {
  const claims = claimsIn(page);

  it('names tests that are there, by their titles', () => {
    assert.ok(claims.length > 100);
    assert.deepEqual(
      claims.filter((claim) => !isShown(claim)).map(({ title, file }) => `${file}: ${title}`),
      [],
    );
  });

  it('answers every requirement of ASVS 5.0 V6 and of NIST 3.1.3, and says what shows it', () => {
    const requirements = requirementsIn(page);
    const ids = requirements.map(({ id }) => id.split(' ')[0] ?? '');
    assert.deepEqual(
      ids.filter((id) => id.startsWith('6.')),
      asvsIds,
    );
    for (const section of ['3.1.3', '3.1.3.1', '3.1.3.2', '3.1.3.4', '3.2.2']) assert.ok(ids.includes(section), section);
    assert.deepEqual(requirements.flatMap(problemsOf), []);
  });

  it('would not get away with a test, an answer or a row that is not there', () => {
    const file = 'test/repository/security-page.test.ts';
    const row = (line: string): Requirement[] => requirementsIn(`| Id | Asks | Met | How | Shown by |\n| - | - | - | - | - |\n${line}\n\n`);
    assert.equal(isShown({ title: 'names tests that are there, by their titles', file }), true);
    for (const claim of [
      { title: 'names tests', file },
      { title: 'names tests that are there, by their titles', file: 'test/gone.test.ts' },
      { title: 'refuses something', file },
    ])
      assert.equal(isShown(claim), false);
    const [template] = titlesOf(['it(`takes $', '{a ? { b } : c} and $', '{d}`, x)'].join(''));
    assert.equal(template?.source, '^takes (.+) and (.+)$');
    assert.deepEqual(row('| 6.1.1 (L1) | x | yes | by y |  |').flatMap(problemsOf), [
      '6.1.1 (L1): is met, and nothing shows it, nor why nothing can',
    ]);
    assert.deepEqual(row('| 6.1.1 | x | maybe | by y |  |').flatMap(problemsOf), ['6.1.1: "maybe" is no answer']);
    assert.deepEqual(row('| 6.1.1 | x | no |  |  |').flatMap(problemsOf), ['6.1.1: says nothing of how, or why not']);
    assert.deepEqual(row('| 6.1.1 | x | yes | by y | [z][layout] |').flatMap(problemsOf), []);
  });

  it('is right that chance comes from the system alone', () => {
    const sources = globSync(['src/**/*.ts', 'providers/**/*.ts']);
    assert.ok(sources.length > 300);
    assert.deepEqual(
      sources.filter((path) => /\bMath\.random\b/.test(read(path))),
      [],
    );
  });
});
