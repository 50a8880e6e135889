/**
 * Users of an LDAP directory or Active Directory. A search as `bindDn` finds the entry; a bind as that entry on a
 * connection of its own checks the password. Referrals are not followed.
 * @see docs/users.md
 */

import { LRUCache } from 'lru-cache';
import { randomHex } from '../../../foundation/crypto/index.ts';
import { readAll } from '../../../foundation/settings/index.ts';
import { defineSource, type Lookup, type PasswordVerdict, type SourceCheck, type SourceHost, type UserSource } from '../user-source.ts';
import { barredIn, stateAttributes } from './account-state.ts';
import { type LdapConfig, ldapConfig } from './config.ts';
import { binaryAttributes, filterFor, type LdapUser, userOf, wantedAttributes } from './entry.ts';
import { isRefusal, isTooMuch } from './problem.ts';
import { type LdapServers, openServers } from './servers.ts';
import type { Session } from './session.ts';

/** The kind `ldap`. */
export const ldapSource = defineSource({
  kind: 'ldap',
  config: ldapConfig,
  open(config, host): UserSource {
    const { ca } = readAll({ ca: () => (config.ca === undefined ? undefined : host.authorities(config.ca)) });
    const servers = openServers({ config, ca, ...host });
    const cache = openCache(config, host);
    const find = async (user: string): Promise<Found> => {
      const known = cache?.get(user);
      if (known) return { kind: 'found', entry: known };
      const found = await search(servers, config, { user, host });
      if (found.kind === 'found') cache?.set(user, found.entry);
      else if (found.kind !== 'unknown' && found.kind !== 'barred') host.log.warn({ outcome: found }, 'a user could not be looked up');
      return found;
    };
    return {
      async find(user): Promise<Lookup> {
        const found = await find(user);
        return found.kind === 'found' ? { kind: 'found', user: found.entry.user } : found;
      },
      async checkPassword(user, password) {
        if (password === '') return 'wrong';
        const found = await find(user);
        if (found.kind === 'unavailable') return 'unavailable';
        // Without an entry, a bind that must fail takes as long as a wrong password.
        const dn = found.kind === 'found' ? found.entry.dn : `cn=${randomHex(8)},${config.baseDn}`;
        const verdict = await bindAs(servers, dn, password);
        // The entry may have moved since it was found, so the next try searches again.
        if (verdict === 'wrong') cache?.delete(user);
        return found.kind === 'found' || verdict === 'unavailable' ? verdict : 'wrong';
      },
      forget: (user) => void cache?.delete(user),
      check: (signal) => checkServers(servers, config, signal),
      async close() {
        servers.close();
      },
    };
  },
});

type Found = Exclude<Lookup, { kind: 'found' }> | { kind: 'found'; entry: LdapUser };

function openCache({ cacheMs, cacheMax }: LdapConfig, { clock }: SourceHost): LRUCache<string, LdapUser> | undefined {
  return cacheMs === 0 ? undefined : new LRUCache({ max: cacheMax, ttl: cacheMs, ttlResolution: 0, perf: { now: clock } });
}

async function search(servers: LdapServers, config: LdapConfig, { user, host }: { user: string; host: SourceHost }): Promise<Found> {
  const { baseDn, scope, attributes, filter } = config;
  // No size limit of our own: the library would hide that the server left entries out, and one of two could pass for
  // the only one.
  const options = {
    scope,
    filter: filterFor(filter, user),
    attributes: [...wantedAttributes(attributes), ...(config.accountState ? stateAttributes : [])],
    explicitBufferAttributes: binaryAttributes,
    timeLimit: Math.ceil(config.serverTimeoutMs / 1000),
  };
  const result = await servers.shared((session, signal) =>
    session
      .run((client) => client.search(baseDn, options), signal)
      .catch((error: unknown) => {
        if (isTooMuch(error)) return undefined;
        throw error;
      }),
  );
  if (!result.ok) return { kind: 'unavailable', detail: result.error };
  const [entry, ...more] = result.value?.searchEntries ?? [];
  if (!result.value || more.length > 0) return { kind: 'ambiguous' };
  if (!entry) return { kind: 'unknown' };
  const why = config.accountState ? barredIn(entry, host.clock()) : undefined;
  if (why !== undefined) return { kind: 'barred', why };
  const found = userOf(entry, { attributes, typed: user, resolver: host.name });
  if (found.ok) return { kind: 'found', entry: found.value };
  host.failed('unusable');
  return { kind: 'unavailable', detail: found.error };
}

async function bindAs(servers: LdapServers, dn: string, password: string): Promise<PasswordVerdict> {
  const result = await servers.alone(
    (session, signal): Promise<PasswordVerdict> =>
      session
        .run((client) => client.bind(dn, password), signal)
        .then(
          () => 'right',
          (error: unknown) => {
            if (isRefusal(error)) return 'wrong';
            throw error;
          },
        ),
  );
  return result.ok ? result.value : 'unavailable';
}

async function checkServers(servers: LdapServers, { baseDn }: LdapConfig, signal: AbortSignal): Promise<SourceCheck> {
  const readBase = (session: Session, limit: AbortSignal) =>
    session.run((client) => client.search(baseDn, { scope: 'base', attributes: ['1.1'] }), limit);
  const results = await servers.each(readBase, signal);
  const problems = results.flatMap(({ url, problem }) => (problem === undefined ? [] : [`${url}: ${problem}`]));
  const working = results.length - problems.length;
  const summary = [`${working} of ${results.length} servers can be searched`, ...problems].join('; ');
  return working > 0 ? { ok: true, detail: summary, ...(problems.length > 0 ? { isPartial: true } : {}) } : { ok: false, problem: summary };
}
