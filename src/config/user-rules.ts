import { noSuchName } from '../foundation/model/index.ts';
import type { Rule } from '../policy/index.ts';
import type { Problem } from './problem.ts';
import type { Config } from './schema.ts';

/** The value of passthru and otppin that checks passwords at the user source, not at a RADIUS service. */
const userStore = 'userstore';

/**
 * Problems of rules about users: unknown RADIUS services, sources and realms, and password checks for realms without a
 * user source.
 */
export function checkUserRules({ policies, realms, userSources, radiusServers }: Config): Problem[] {
  const problem = (level: Problem['level'], path: PropertyKey[], message: string): Problem => ({ level, path, message });
  return policies.flatMap((rule, index) => {
    const { passthru, otppin, setrealm } = rule.actions;
    const at = (key: string): PropertyKey[] => ['policies', index, 'actions', key];
    const isKnown = passthru === undefined || passthru === userStore || radiusServers.some(({ name }) => name === passthru);
    const isRealm = setrealm === undefined || realms.some(({ name }) => name.toLowerCase() === setrealm.toLowerCase());
    const asks = Object.entries({ passthru, otppin }).flatMap(([key, value]) => (value === userStore ? [key] : []));
    return [
      ...(isKnown ? [] : [problem('error', at('passthru'), noSuchName('RADIUS service', passthru, radiusServers, 'radiusServers'))]),
      ...(isRealm ? [] : [problem('error', at('setrealm'), noSuchName('realm', setrealm, realms, 'realms'))]),
      ...asks.flatMap((key) => passwordless(rule, realms).map(({ level, message }) => problem(level, at(key), message))),
      ...(rule.match.resolver ?? []).flatMap((name, place) => {
        const isThere = /[*!]/.test(name) || userSources.some((source) => source.name.toLowerCase() === name.toLowerCase());
        const path = ['policies', index, 'match', 'resolver', place];
        return isThere
          ? []
          : [problem('error', path, `${noSuchName('user source', name, userSources, 'userSources')}; so it never matches`)];
      }),
    ];
  });
}

/** Problems of a rule that asks for passwords when no source of its realms can check them. */
function passwordless({ match }: Rule, realms: Config['realms']): Pick<Problem, 'level' | 'message'>[] {
  const named = match.realm?.some((entry) => /[*!]/.test(entry)) ? undefined : match.realm?.map((name) => name.toLowerCase());
  const meant = realms.filter(({ name }) => named === undefined || named.includes(name.toLowerCase()));
  const bare = meant.filter(({ users }) => users.length === 0).map(({ name }) => `"${name}"`);
  if (bare.length === meant.length)
    return [{ level: 'error', message: 'asks for the password of users, and no realm of this rule has sources of users' }];
  const message = `asks for the password of users; logins of realms without sources of users fail: ${bare.join(', ')}`;
  return bare.length === 0 ? [] : [{ level: 'warning', message }];
}
