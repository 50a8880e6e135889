import assert from 'node:assert/strict';
import { EqualityFilter, FilterParser } from 'ldapts';
import { filterFor } from '../../../src/engine/users/ldap/entry.ts';
import { openRealms } from '../../../src/engine/users/realms.ts';
import { foldedName, mappedName, OverlongText } from '../../../src/foundation/model/index.ts';
import { expressionProblem, isFoundIn, isWhole, openExactGlob, openGlob } from '../../../src/foundation/patterns/index.ts';
import { mangle } from '../../../src/policy/actions/mangle.ts';
import { comparatorNames, compare, compareProblem } from '../../../src/policy/comparators.ts';
import { fieldsOf, inputOf } from '../engine/mutate.ts';
import { type Parser, refused, taken } from '../engine/parser.ts';
import { now } from './seeds.ts';

/** Whether a glob fits, found out in the plainest way there is: place by place. */
function fitsPlainly(glob: string, text: string): boolean {
  let places = new Set([0]);
  for (const sign of glob.split('')) {
    const next = new Set<number>();
    for (const at of places) {
      if (sign === '*') for (let end = at; end <= text.length; end += 1) next.add(end);
      else if (text.charAt(at) === sign && at < text.length) next.add(at + 1);
    }
    places = next;
  }
  return places.has(text.length);
}

const longestPlain = 200;
/** Expressions as rules have them, some of which stop an engine that goes back. */
const expressions = ['(a+)+$', '^(?i:bob|alice)@[a-z.]+$', '(.*)*x', '\\pL+', '^P', '([^,]*,)*z', '\\d{1,3}(\\.\\d{1,3}){3}'] as const;
const values: Readonly<Record<string, string>> = {
  in: 'a, b,c',
  '<': '5',
  '>': '2026-01-01',
  date_before: '2026-03-01',
  date_after: '2026-03-01',
  date_within_last: '7d',
};

/** Texts of strangers that rules, patterns and filters are held against. */
export const texts: readonly Parser[] = [
  {
    name: 'glob',
    of: ['src/foundation/patterns/glob.ts'],
    longest: 8192,
    seeds: () => [inputOf('*@corp', 'bob@corp'), inputOf('a*b*c', 'aXbYc'), inputOf('svc-*', 'SVC-1'), inputOf('*ς*', 'ΟΔΟΣ')],
    open: () => (input) => {
      const [glob = '', text = ''] = fieldsOf(input, 2);
      const [exact, anyCase] = [openExactGlob(glob)(text), openGlob(glob)(text)];
      if (glob.length + text.length <= longestPlain) assert.equal(exact, fitsPlainly(glob, text));
      return taken([exact, anyCase], `${exact} ${anyCase}`);
    },
  },
  {
    name: 'expression',
    of: ['src/foundation/patterns/expression.ts', 'src/policy/actions/mangle.ts'],
    longest: 4096,
    seeds: () => ['aaaaaaaaaaaaaaaaaaaaaa!', 'bob@corp.example', 'P1,2,3', '10.0.0.1', 'B\u00fcb'].map((text) => Buffer.from(text)),
    open: () => (input) => {
      const text = input.toString();
      const found = expressions.map((source) => [isFoundIn(source, text), isWhole(source, text)]);
      for (const [anywhere, whole] of found) assert.ok(anywhere || !whole, 'the whole is not found in itself');
      if (text.length > 1024) {
        assert.throws(() => mangle({ key: 'user', search: '(.)x', replace: '\\1' }, text), OverlongText);
        return taken(found, 'overlong');
      }
      return taken(
        [found, mangle({ key: 'user', search: '(a)|(.)@', replace: '\\1\\2' }, text)],
        found.map(([whole]) => Number(whole)).join(''),
      );
    },
  },
  {
    name: 'expression-source',
    of: ['src/foundation/patterns/expression.ts'],
    longest: 512,
    seeds: () =>
      [...expressions, '(?=a)', '\\1', 'a{1001}', '[^]', '(?<n>a)\\k<n>', '\\p{Script=Greek}'].map((source) => Buffer.from(source)),
    open: () => (input) => {
      const source = input.toString();
      const problem = expressionProblem(source);
      if (problem !== undefined) return refused(problem.split(/[:;(,]/)[0]);
      return taken([isWhole(source, 'bob@corp.example'), isFoundIn(source, '')]);
    },
  },
  {
    name: 'comparator',
    of: ['src/policy/comparators.ts'],
    longest: 4096,
    seeds: () => ['5', '-1.5', '2026-02-28', '2026-03-01T09:00:00Z', 'a', ' b ', '1e9'].map((text) => Buffer.from(text)),
    open: () => (input) => {
      const text = input.toString();
      const met = comparatorNames.map((comparator) => {
        const value = values[comparator.replace('!', '')] ?? 'a.*';
        assert.equal(compareProblem(comparator, value), undefined);
        return compare(text, comparator, value, now);
      });
      assert.ok(
        met.every((each, at) => each !== met[at ^ 1]),
        '! does not turn it round',
      );
      return taken(met, met.map(Number).join(''));
    },
  },
  {
    name: 'name',
    of: ['src/foundation/model/person.ts', 'src/engine/users/realms.ts'],
    longest: 4096,
    seeds: () =>
      ['bob@corp', 'corp\\bob', 'B\u00fcb@CORP', '\uff22ob', '\uffa1\uffc2', 'a@b@corp', '\u1100\u1161', 'Ὰι'].map((text) =>
        Buffer.from(text),
      ),
    open: () => {
      const realms = openRealms([
        { name: 'corp', default: true, ignoreCase: false },
        { name: 'guests', default: false, ignoreCase: true },
      ]);
      return (input) => {
        const name = input.toString();
        const [mapped, folded] = [mappedName(name), foldedName(name)];
        assert.equal(mappedName(mapped), mapped, 'two mapped forms');
        assert.equal(foldedName(folded), folded, 'two folded forms');
        assert.equal(foldedName(mapped), folded);
        const resolved = realms.resolve(name, undefined);
        if (resolved === 'unknown-realm') return refused(resolved);
        assert.ok(['corp', 'guests'].includes(resolved.realm));
        assert.ok(resolved.user === resolved.user.trim());
        return taken([mapped, folded, resolved], `${resolved.realm} ${resolved.user === name.trim()}`);
      };
    },
  },
  {
    name: 'ldap-filter',
    of: ['src/engine/users/ldap/entry.ts'],
    longest: 4096,
    seeds: () => ['alice', '*)(uid=*', '\\2a', 'B\u00fcb', 'a\0b', '(|(a=b))', '&', '\ud83d\ude00'].map((text) => Buffer.from(text)),
    open: () => (input) => {
      const name = input.toString();
      const filter = FilterParser.parseString(filterFor('(uid={user})', name));
      assert.ok(filter instanceof EqualityFilter, `it became ${filter.constructor.name}`);
      assert.deepEqual([filter.attribute, String(filter.value)], ['uid', name]);
      return taken(String(filter.value));
    },
  },
];
