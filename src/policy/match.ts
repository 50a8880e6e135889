import { foldedName, foldedRealm, mappedName } from '../foundation/model/index.ts';
import { openExactGlob, openGlob } from '../foundation/patterns/index.ts';
import { clientTest, shownClient } from './client-match.ts';
import { conditionText, holds, verdictOf } from './condition.ts';
import type { Facts } from './facts.ts';
import type { Rule } from './rule.ts';
import { isInTime, readTimeRanges, weekMoment } from './time-match.ts';

/** A demand that a request did not meet: the matcher, the wanted list, and the actual value. */
export type Mismatch = { matcher: string; wants: string; was: string };

/** `shown` replaces `test` in explanations, where `test` might throw. */
type Demand = { matcher: string; wants: string; was: (facts: Facts) => string; test: Test; shown?: Test };
type Test = (facts: Facts) => boolean;

/** The compiled match of a rule. */
export type CompiledMatch = { matches(facts: Facts): boolean; mismatches(facts: Facts): Mismatch[] };

/** Compiles the match of a rule. */
export function compileMatch(match: Rule['match']): CompiledMatch {
  const demands = demandsOf(match);
  return {
    matches: (facts) => demands.every(({ test }) => test(facts)),
    mismatches: (facts) =>
      demands
        .filter(({ test, shown = test }) => !shown(facts))
        .map(({ matcher, wants, was }) => ({ matcher, wants, was: was(facts) || '(unknown)' })),
  };
}

function demandsOf({ client, time, conditions = [], ...texts }: Rule['match']): Demand[] {
  const byText = textMatchers.flatMap((matcher): Demand[] => {
    const [list, valuesOf] = [texts[matcher], textFacts[matcher]];
    if (!list) return [];
    const test = testOf(matcher, list, valuesOf);
    return [{ matcher, wants: list.join(', '), was: (facts) => valuesOf(facts).join(' or '), test }];
  });
  const byAddress: Demand[] = client ? [{ matcher: 'client', wants: client.join(', '), was: shownClient, test: clientTest(client) }] : [];
  const byTime: Demand[] = time
    ? [{ matcher: 'time', wants: time.join(', '), was: ({ now }) => new Date(now).toString(), test: timeTest(time) }]
    : [];
  const byCondition = conditions.map(
    (condition): Demand => ({
      matcher: 'conditions',
      wants: conditionText(condition),
      was: () => 'another value',
      test: (facts) => holds(condition, facts),
      shown: (facts) => verdictOf(condition, facts) === true,
    }),
  );
  return [...byText, ...byAddress, ...byTime, ...byCondition];
}

function testOf(matcher: (typeof textMatchers)[number], list: readonly string[], valuesOf: (facts: Facts) => readonly string[]): Test {
  if (matcher === 'user') return userTest(list);
  const test = textTest(list, valuesOf);
  return matcher === 'realm' ? (facts) => facts.anyRealm === true || test(facts) : test;
}

const present = (text: string | undefined): string[] => (text === undefined ? [] : [text]);

/** The values of a request that each list is compared with. */
const textFacts = {
  realm: ({ realm }: Facts) => present(realm),
  resolver: ({ resolver }: Facts) => present(resolver),
  adminRealm: ({ adminRealm }: Facts) => present(adminRealm),
  user: ({ user, realm, adminRealm = realm }: Facts) => (user === undefined ? [] : [user, `${user}@${adminRealm ?? ''}`]),
  authServer: ({ authServer }: Facts) => present(authServer),
  dialect: ({ dialect }: Facts) => present(dialect),
  mount: ({ mount }: Facts) => present(mount),
  flavour: ({ flavour }: Facts) => present(flavour),
  tokenType: ({ tokenType }: Facts) => present(tokenType),
  userAgent: ({ userAgent }: Facts) => present(/^[A-Za-z0-9_-]+/.exec(userAgent ?? '')?.[0]),
};

const textMatchers = [
  'realm',
  'adminRealm',
  'resolver',
  'user',
  'authServer',
  'dialect',
  'mount',
  'flavour',
  'tokenType',
  'userAgent',
] as const;

/** Compiles a list: some entry without `!` must match, and no entry with `!` may. */
function openList<T>(list: readonly string[], open: (entry: string) => (value: T) => boolean): (value: T) => boolean {
  const entries = list.map((entry) => ({ excludes: entry.startsWith('!'), fits: open(entry.replace(/^!/, '')) }));
  const isIn = (value: T, excludes: boolean): boolean => entries.some((entry) => entry.excludes === excludes && entry.fits(value));
  return (value) => isIn(value, false) && !isIn(value, true);
}

/** Compiles a list of texts with optional `*`, compared with several candidates, ignoring case. */
export function openTextList(list: readonly string[]): (texts: readonly string[]) => boolean {
  return openList(list, (entry) => {
    const fits = openGlob(entry);
    return (texts) => texts.some(fits);
  });
}

function textTest(list: readonly string[], valuesOf: (facts: Facts) => readonly string[]): Test {
  const isIn = openTextList(list);
  return (facts) => isIn(valuesOf(facts));
}

/** Compiles a list of users, with the case rule of the user's realm. An entry may include the realm: `name@realm`. */
function userTest(list: readonly string[]): Test {
  const inCase = namesTest(list, mappedName, openExactGlob);
  const inAnyCase = namesTest(list, foldedName, openGlob);
  return (facts) => (facts.ignoreCase ? inAnyCase(facts) : inCase(facts));
}

type Compared = (name: string) => string;

function namesTest(list: readonly string[], compared: Compared, glob: (text: string) => Compiled): Test {
  const withRealm: Compared = (text) => {
    const at = text.lastIndexOf('@');
    return at < 0 ? compared(text) : `${compared(text.slice(0, at))}@${foldedRealm(text.slice(at + 1))}`;
  };
  const open = (text: string): Compiled => (text.includes('*') ? glob(text) : (other) => other === text);
  const isIn = openList(list, (entry) => {
    const [isName, isNameInRealm] = [open(compared(entry)), open(withRealm(entry))];
    return ({ name, inRealm }: { name: string; inRealm: string }) => isName(name) || isNameInRealm(inRealm);
  });
  return ({ user, realm, adminRealm = realm }) =>
    user !== undefined && isIn({ name: compared(user), inRealm: `${compared(user)}@${foldedRealm(adminRealm ?? '')}` });
}

type Compiled = (text: string) => boolean;

function timeTest(list: readonly string[]): (facts: Facts) => boolean {
  const ranges = list.flatMap((text) => {
    const read = readTimeRanges(text);
    return 'error' in read ? [] : read;
  });
  return ({ now }) => isInTime(ranges, weekMoment(now));
}
