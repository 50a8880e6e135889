import { pollOnlyProvider } from '../foundation/model/index.ts';
import type { Rule } from './rule.ts';

/** Something wrong in the rules; `path` begins with the number of the rule. */
export type PolicyProblem = { path: PropertyKey[]; message: string; level: 'error' | 'warning' };

/** The names that rules may refer to. */
export type KnownNames = { providers: readonly string[]; realms: readonly string[]; authServers: readonly string[] };

/** Finds names that do not exist, names of rules that come twice, and rules that can never match. */
export function checkPolicies(rules: readonly Rule[], known: KnownNames): PolicyProblem[] {
  return rules.flatMap((rule, index) => [
    ...(rules.findIndex(({ name }) => name === rule.name) < index
      ? [error([index, 'name'], `another rule is named "${rule.name}" already`)]
      : []),
    ...providers(rule, index, known),
    ...lists(rule, index, known),
  ]);
}

const error = (path: PropertyKey[], message: string): PolicyProblem => ({ path, message, level: 'error' });

function providers({ actions }: Rule, index: number, known: KnownNames): PolicyProblem[] {
  const { push_provider: chosen, push_firebase_configuration: recorded } = actions;
  const isKnown = (name: string): boolean => name === pollOnlyProvider || known.providers.includes(name);
  const unknown = (name: string): string => `there is no provider "${name}"; define it under providers`;
  return [
    ...(chosen ?? []).flatMap((name, place) => (isKnown(name) ? [] : [error([index, 'actions', 'push_provider', place], unknown(name))])),
    ...(recorded === undefined || isKnown(recorded) ? [] : [error([index, 'actions', 'push_firebase_configuration'], unknown(recorded))]),
  ];
}

function lists({ match }: Rule, index: number, known: KnownNames): PolicyProblem[] {
  const named = { realm: known.realms, authServer: known.authServers };
  const problems = Object.entries(match).flatMap(([key, list]) =>
    list?.every((entry) => /^!|^-/.test(entry))
      ? [error([index, 'match', key], 'only excludes and so matches nobody; put "*" or what it is for in front')]
      : [],
  );
  for (const [key, names] of Object.entries(named)) {
    const list = key === 'realm' ? match.realm : match.authServer;
    list?.forEach((entry, place) => {
      const name = entry.replace(/^!/, '');
      const exists = name.includes('*') || names.length === 0 || names.some((each) => each.toLowerCase() === name.toLowerCase());
      if (!exists)
        problems.push(
          error([index, 'match', key, place], `there is no ${key === 'realm' ? 'realm' : 'auth server'} "${name}", so it never matches`),
        );
    });
  }
  return problems;
}
