import ipaddr from 'ipaddr.js';
import { openGlob } from '../foundation/patterns/index.ts';
import { rangeOf } from './address-match.ts';
import { error, type KnownNames, type PolicyProblem } from './problem.ts';
import type { Rule } from './rule.ts';

const isExcluded = (entry: string): boolean => entry.startsWith('!');
const bare = (entry: string): string => entry.replace(/^[!-]/, '');

/** Why a rule can never match: lists that match nobody, names that do not exist, realms that none of its auth servers may ask for. */
export function canNeverMatch({ match }: Rule, known: KnownNames): PolicyProblem[] {
  return [...emptyLists(match), ...unknownNames(match, known), ...foreignRealms(match, known)];
}

function emptyLists({ client, time: _time, conditions: _conditions, ...texts }: Rule['match']): PolicyProblem[] {
  const lists = [
    ...Object.entries(texts).map(([key, list = []]) => ({ key, list, covers: coversText, isOut: isExcluded })),
    { key: 'client', list: client ?? [], covers: coversNetwork, isOut: (entry: string) => /^[!-]/.test(entry) },
  ];
  return lists.flatMap(({ key, list, covers, isOut }) => {
    const [out, wanted] = [list.filter(isOut).map(bare), list.filter((entry) => !isOut(entry))];
    if (list.length === 0) return [];
    if (wanted.length === 0) return [error(['match', key], 'only excludes and so matches nobody; put "*" or what it is for in front')];
    const isHit = wanted.some((entry) => !out.some((excluded) => covers(excluded, entry)));
    return isHit ? [] : [error(['match', key], 'excludes all that it includes, so it never matches')];
  });
}

const coversText = (excluded: string, wanted: string): boolean => openGlob(excluded)(wanted);

function coversNetwork(excluded: string, wanted: string): boolean {
  const [[outer, outerBits], [inner, innerBits]] = [rangeOf(excluded), rangeOf(wanted)];
  return outer.kind() === inner.kind() && innerBits >= outerBits && ipaddr.process(inner.toString()).match(outer, outerBits);
}

function unknownNames(match: Rule['match'], known: KnownNames): PolicyProblem[] {
  const named = [
    { key: 'realm', what: 'realm', list: match.realm, names: known.realms },
    { key: 'authServer', what: 'auth server', list: match.authServer, names: known.authServers.map(({ name }) => name) },
    { key: 'dialect', what: 'mount that serves the dialect', list: match.dialect, names: known.dialects },
    { key: 'tokenType', what: 'token type', list: match.tokenType, names: known.tokenTypes },
  ];
  return named.flatMap(({ key, what, list = [], names }) =>
    list.flatMap((entry, place) => {
      const exists = names.length === 0 || names.some((name) => openGlob(bare(entry))(name));
      return exists ? [] : [error(['match', key, place], `there is no ${what} "${bare(entry)}", so it never matches`)];
    }),
  );
}

function foreignRealms({ realm, authServer }: Rule['match'], known: KnownNames): PolicyProblem[] {
  const [realms, servers] = [(realm ?? []).filter((entry) => !isExcluded(entry)), (authServer ?? []).filter((entry) => !isExcluded(entry))];
  if (realms.length === 0 || servers.length === 0) return [];
  const asking = known.authServers.filter(({ name }) => servers.some((entry) => openGlob(entry)(name)));
  const canAsk = asking.some((server) => !server.realms || server.realms.some((name) => realms.some((entry) => openGlob(entry)(name))));
  return asking.length === 0 || canAsk
    ? []
    : [error(['match', 'realm'], 'none of the auth servers of this rule may ask for these realms, so it never matches')];
}
