import { listed, mappedName } from '../foundation/model/index.ts';
import { openExactGlob, openGlob } from '../foundation/patterns/index.ts';
import { coversNetwork, readNetwork } from '../foundation/wire/networks.ts';
import { openTextList } from './match.ts';
import { error, type KnownMount, type KnownNames, type PolicyProblem } from './problem.ts';
import type { Rule } from './rule.ts';

const isExcluded = (entry: string): boolean => entry.startsWith('!');
const bare = (entry: string): string => entry.replace(/^[!-]/, '');

/**
 * Finds reasons why a rule can never match: lists that match nothing, unknown names, realms that none of its auth
 * servers may use, and a combination of dialect, mount and flavour that no mount has.
 */
export function neverMatchProblems({ match }: Rule, known: KnownNames): PolicyProblem[] {
  return [...emptyLists(match), ...unknownNames(match, known), ...unusableRealms(match, known), ...impossibleMounts(match, known)];
}

function emptyLists({ client, time: _time, conditions: _conditions, ...texts }: Rule['match']): PolicyProblem[] {
  const lists = [
    ...Object.entries(texts).map(([key, list = []]) => ({
      key,
      list,
      covers: key === 'user' ? coversUser : coversText,
      isOut: isExcluded,
    })),
    { key: 'client', list: client ?? [], covers: coversAddresses, isOut: (entry: string) => /^[!-]/.test(entry) },
  ];
  return lists.flatMap(({ key, list, covers, isOut }) => {
    const [out, wanted] = [list.filter(isOut).map(bare), list.filter((entry) => !isOut(entry))];
    if (list.length === 0) return [];
    if (wanted.length === 0)
      return [error(['match', key], 'has only exclusions, so it matches nobody; put "*" or the included names first')];
    const isHit = wanted.some((entry) => !out.some((excluded) => covers(excluded, entry)));
    return isHit ? [] : [error(['match', key], 'excludes everything that it includes, so it never matches')];
  });
}

const coversText = (excluded: string, wanted: string): boolean => openGlob(excluded)(wanted);
/** Compares case-sensitively: names that differ in case may be two users, whatever their realm does. */
const coversUser = (excluded: string, wanted: string): boolean => openExactGlob(mappedName(excluded))(mappedName(wanted));

function coversAddresses(excluded: string, wanted: string): boolean {
  const [outer, inner] = [readNetwork(excluded), readNetwork(wanted)];
  if (excluded === wanted) return true;
  return outer !== undefined && inner !== undefined && coversNetwork(outer, inner);
}

function unknownNames(match: Rule['match'], known: KnownNames): PolicyProblem[] {
  const { realms, adminRealms = [], authServers, mounts, tokenTypes } = known;
  const flavours = mounts.flatMap(({ flavour = [] }) => flavour);
  const named: { key: string; what: string; list: string[] | undefined; names: readonly string[]; isClosed?: boolean }[] = [
    { key: 'realm', what: 'realm', list: match.realm, names: realms },
    { key: 'adminRealm', what: 'realm of administrators', list: match.adminRealm, names: adminRealms },
    { key: 'authServer', what: 'auth server', list: match.authServer, names: authServers.map(({ name }) => name) },
    { key: 'dialect', what: 'mount that serves the dialect', list: match.dialect, names: mounts.map(({ dialect }) => dialect) },
    { key: 'mount', what: 'mount', list: match.mount, names: mounts.map(({ path }) => path) },
    { key: 'flavour', what: 'mount of the flavour', list: match.flavour, names: flavours, isClosed: mounts.length > 0 },
    { key: 'tokenType', what: 'token type', list: match.tokenType, names: tokenTypes },
  ];
  return named.flatMap(({ key, what, list = [], names, isClosed = names.length > 0 }) =>
    list.flatMap((entry, place) => {
      const exists = !isClosed || names.some((name) => openGlob(bare(entry))(name));
      return exists ? [] : [error(['match', key, place], `there is no ${what} "${bare(entry)}", so it never matches${namesText(names)}`)];
    }),
  );
}

const namesText = (names: readonly string[]): string => (names.length === 0 ? '' : `; known: ${listed(names)}`);

function unusableRealms({ realm, authServer }: Rule['match'], known: KnownNames): PolicyProblem[] {
  const [realms, servers] = [(realm ?? []).filter((entry) => !isExcluded(entry)), (authServer ?? []).filter((entry) => !isExcluded(entry))];
  if (realms.length === 0 || servers.length === 0) return [];
  const asking = known.authServers.filter(({ name }) => servers.some((entry) => openGlob(entry)(name)));
  const canAsk = asking.some((server) => !server.realms || server.realms.some((name) => realms.some((entry) => openGlob(entry)(name))));
  return asking.length === 0 || canAsk
    ? []
    : [error(['match', 'realm'], 'none of the auth servers of this rule may use these realms, so it never matches')];
}

/** Finds a combination of which each name exists, but no mount has all of them. */
function impossibleMounts(match: Rule['match'], { mounts }: KnownNames): PolicyProblem[] {
  const demands = demandsOf(match);
  const alone = demands.every((demand) => mounts.some((mount) => isFound(demand, mount)));
  const together = mounts.some((mount) => demands.every((demand) => isFound(demand, mount)));
  const [last] = demands.slice(-1);
  if (!last || !alone || together) return [];
  return [
    error(['match', last.key], `no mount has the ${demands.map(({ key }) => key).join(' and the ')} of this rule, so it never matches`),
  ];
}

/** The demands of a rule on the mount. */
const demandsOf = (match: Rule['match']) =>
  (['dialect', 'mount', 'flavour'] as const).flatMap((key) => (match[key] ? [{ key, list: match[key] }] : []));

type Demand = ReturnType<typeof demandsOf>[number];

function isFound({ key, list }: Demand, mount: KnownMount): boolean {
  const name = key === 'mount' ? mount.path : mount[key];
  return name !== undefined && openTextList(list)([name]);
}

/** Whether a rule applies to a mount; `isNamed` is true when the rule says so explicitly. */
export function meantFor(match: Rule['match'], mount: KnownMount): { isMeant: boolean; isNamed: boolean } {
  const demands = demandsOf(match);
  return { isMeant: demands.every((demand) => isFound(demand, mount)), isNamed: demands.length > 0 };
}
