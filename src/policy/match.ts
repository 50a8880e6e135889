import type { Scope } from './actions.ts';
import { addressMatch } from './address-match.ts';
import type { Rule } from './rule.ts';
import { isInTime, readTimeRanges, weekMoment } from './time-match.ts';

/** What is known of a request. `now` is epoch ms; what is absent matches no list. */
export type Facts = {
  now: number;
  scope?: Scope;
  realm?: string;
  resolver?: string;
  user?: string;
  client?: string;
  authServer?: string;
  dialect?: string;
  tokenType?: string;
  userAgent?: string;
};

type Test = (facts: Facts) => boolean;

/** Reads the match of a rule once, so that asking it is cheap. */
export function compileMatch(match: Rule['match']): Test {
  const tests: Test[] = [];
  const byText = (list: readonly string[] | undefined, fact: (facts: Facts) => readonly string[]): void => {
    if (list) tests.push(textTest(list, fact));
  };
  byText(match.realm, ({ realm }) => present(realm));
  byText(match.resolver, ({ resolver }) => present(resolver));
  byText(match.user, ({ user, realm }) => (user === undefined ? [] : [user, `${user}@${realm ?? ''}`]));
  byText(match.authServer, ({ authServer }) => present(authServer));
  byText(match.dialect, ({ dialect }) => present(dialect));
  byText(match.tokenType, ({ tokenType }) => present(tokenType));
  byText(match.userAgent, ({ userAgent }) => present(/^[A-Za-z0-9_-]+/.exec(userAgent ?? '')?.[0]));
  if (match.client) tests.push(clientTest(match.client));
  if (match.time) tests.push(timeTest(match.time));
  return (facts) => tests.every((test) => test(facts));
}

const present = (text: string | undefined): string[] => (text === undefined ? [] : [text]);

/** A list of texts: exact or with `*`, in any case; one positive entry must fit and no excluded one. */
function textTest(list: readonly string[], factsOf: (facts: Facts) => readonly string[]): Test {
  const entries = list.map((entry) => ({ excludes: entry.startsWith('!'), pattern: globPattern(entry.replace(/^!/, '')) }));
  const fits = (texts: readonly string[], excludes: boolean): boolean =>
    entries.some((entry) => entry.excludes === excludes && texts.some((text) => entry.pattern.test(text)));
  return (facts) => {
    const texts = factsOf(facts);
    return fits(texts, false) && !fits(texts, true);
  };
}

function globPattern(glob: string): RegExp {
  const escaped = glob.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`, 'is');
}

function clientTest(list: readonly string[]): Test {
  const match = addressMatch(list);
  return ({ client }) => {
    const { found, excluded } = match(client ?? '');
    return found && !excluded;
  };
}

function timeTest(list: readonly string[]): Test {
  const ranges = list.flatMap((text) => {
    const read = readTimeRanges(text);
    return 'error' in read ? [] : read;
  });
  return ({ now }) => isInTime(ranges, weekMoment(now));
}
