import { noSuchName, pollOnlyProvider } from '../foundation/model/index.ts';
import { type ActionName, actions, isActionName } from './actions/index.ts';
import { neverMatchProblems } from './never-matches.ts';
import { withoutEffect } from './no-effect.ts';
import { error, type KnownNames, type PolicyProblem, warning } from './problem.ts';
import { withoutReach } from './reach.ts';
import type { Rule } from './rule.ts';
import { unknownTag } from './tags.ts';

/** Finds unknown and duplicate names, rules that can never match or decide, and pushes that can never ring a phone. */
export function checkPolicies(rules: readonly Rule[], known: KnownNames): PolicyProblem[] {
  return rules.flatMap((rule, index) =>
    [
      ...duplicateNames(rules, rule, index),
      ...unknownProviders(rule, known),
      ...neverMatchProblems(rule, known),
      ...overruled(rules.slice(0, index), rule),
      ...neverRings(rule, known),
      ...unseenPushes(rules, rule, known),
      ...unknownTags(rule),
      ...withoutEffect(rule),
      ...withoutReach(rule, known),
      ...adminRealmProblems(rule),
    ].map((problem) => ({ ...problem, path: [index, ...problem.path] })),
  );
}

function duplicateNames(rules: readonly Rule[], { name }: Rule, index: number): PolicyProblem[] {
  return rules.findIndex((each) => each.name === name) < index ? [error(['name'], `another rule already has the name "${name}"`)] : [];
}

function unknownProviders(
  { actions: { push_provider: chosen = [], push_firebase_configuration: recorded, edupush_firebase_configuration: edupush } }: Rule,
  known: KnownNames,
): PolicyProblem[] {
  const isKnown = (name: string): boolean => name === pollOnlyProvider || known.providers.some((provider) => provider.name === name);
  const unknown = (name: string): string => noSuchName('provider', name, known.providers, 'providers');
  return [
    ...chosen.flatMap((name, place) => (isKnown(name) ? [] : [error(['actions', 'push_provider', place], unknown(name))])),
    ...(recorded === undefined || isKnown(recorded) ? [] : [error(['actions', 'push_firebase_configuration'], unknown(recorded))]),
    ...(edupush === undefined || isKnown(edupush) ? [] : [error(['actions', 'edupush_firebase_configuration'], unknown(edupush))]),
  ];
}

/** Finds actions that an earlier rule always decides. */
function overruled(before: readonly Rule[], rule: Rule): PolicyProblem[] {
  const takesAll = (earlier: Rule, action: ActionName): boolean =>
    Object.keys(earlier.match).length === 0 &&
    Object.hasOwn(earlier.actions, action) &&
    (earlier.scope === undefined || earlier.scope === rule.scope || actions[action].scopes.length === 1);
  return Object.keys(rule.actions)
    .filter(isActionName)
    .flatMap((action) => {
      const first = before.find((earlier) => takesAll(earlier, action));
      return first ? [warning(['actions', action], `never decides: "${first.name}" comes first and matches every request`)] : [];
    });
}

/**
 * Finds rules for `adminRealm` with actions that are not rights of administrators, and rules that grant such rights by
 * `realm`, which older versions took for the administrator's realm.
 */
function adminRealmProblems({ match: { realm, adminRealm }, actions: given }: Rule): PolicyProblem[] {
  const names = Object.keys(given).filter(isActionName);
  const others = names.filter((name) => !actions[name].scopes.some((scope) => scope === 'admin'));
  const isChanged = realm !== undefined && adminRealm === undefined && others.length < names.length;
  return [
    ...(adminRealm === undefined
      ? []
      : others.map((name) => error(['actions', name], 'never decides: adminRealm applies to rights of administrators only'))),
    ...(isChanged
      ? [
          warning(
            ['match', 'realm'],
            'now means the realm of the push token, no longer that of the administrator: the rule applies to all administrators unless adminRealm limits it (["*"] means all, without this warning)',
          ),
        ]
      : []),
  ];
}

/** A text with an unknown tag makes the phone show its default question. */
function unknownTags({ actions: { push_text_on_mobile: text = '' } }: Rule): PolicyProblem[] {
  const tag = unknownTag(text);
  return tag === undefined
    ? []
    : [error(['actions', 'push_text_on_mobile'], `there is no tag {${tag}}; phones would show the default question`)];
}

/** The only address of an unmodified privacyIDEA or eduMFA app. */
const appKind = 'fcm';

function neverRings({ actions: { push_provider: chosen } }: Rule, known: KnownNames): PolicyProblem[] {
  const kinds = (chosen ?? []).flatMap((name) =>
    name === pollOnlyProvider ? ['none'] : (known.providers.find((provider) => provider.name === name)?.addresses ?? ['none']),
  );
  if (!chosen || kinds.includes(appKind) || kinds.includes('none')) return [];
  const served = [...new Set(kinds)].join(', ');
  return [warning(['actions', 'push_provider'], `never rings a phone that only has a Firebase address: these providers serve ${served}`)];
}

const spellings = [
  { recording: 'push_firebase_configuration', polling: 'push_allow_polling' },
  { recording: 'edupush_firebase_configuration', polling: 'edupush_allow_polling' },
] as const;

/** Finds pushes without data in reach of a rule that denies polling: no phone would ever see them. */
function unseenPushes(rules: readonly Rule[], rule: Rule, known: KnownNames): PolicyProblem[] {
  return spellings.flatMap(({ recording, polling }) => {
    const { push_provider: chosen = [], [recording]: recorded } = rule.actions;
    const mute = [...chosen, ...(recorded === undefined ? [] : [recorded])].find((name) =>
      known.providers.some((provider) => provider.name === name && provider.needsPolling),
    );
    const denies = rules.find(({ match, actions: given }) => given[polling] === 'deny' && overlaps(match, rule.match));
    if (mute === undefined || !denies) return [];
    const path = ['actions', chosen.includes(mute) ? 'push_provider' : recording];
    return [error(path, `"${mute}" sends no data, so phones must poll, but rule "${denies.name}" denies that with ${polling}`)];
  });
}

const overlaps = (one: Rule['match'], other: Rule['match']): boolean =>
  Object.keys(one).length === 0 || Object.keys(other).length === 0 || JSON.stringify(one) === JSON.stringify(other);
