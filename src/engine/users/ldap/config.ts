import { z } from 'zod';
import { oneOrMany, secret } from '../../../foundation/settings/index.ts';
import { ldapts } from './library.ts';

const ldapUrl = z
  .url({ protocol: /^ldaps?$/, abort: true, error: 'expected ldaps://host or ldap://host, optionally with a port' })
  .refine(isServerOnly, 'an LDAP URL has host and port only; baseDn and filter say what to look for');

const attribute = z.string().regex(/^[A-Za-z][A-Za-z0-9.;-]*$/, 'expected the name of an attribute');

const attributes = z.strictObject({
  username: attribute.default('uid').describe('Attribute with the login name. Active Directory: sAMAccountName.'),
  userid: attribute
    .default('entryUUID')
    .describe('Attribute that never changes for a user, or "dn" for the name of the entry. Active Directory: objectGUID.'),
  givenname: attribute.default('givenName').describe('Attribute with the given name.'),
  surname: attribute.default('sn').describe('Attribute with the surname.'),
  email: attribute.default('mail').describe('Attribute with the e-mail address.'),
  phone: attribute.default('telephoneNumber').describe('Attribute with the telephone number.'),
  mobile: attribute.default('mobile').describe('Attribute with the mobile number.'),
  groups: attribute.optional().meta({ description: 'Attribute with the groups. Without it: groups are unknown.', examples: ['memberOf'] }),
});

/** Settings of one LDAP directory. */
export const ldapConfig = z
  .strictObject({
    urls: oneOrMany(ldapUrl).meta({
      description: 'Servers that hold the same users, tried in order: ldaps://host, or ldap://host with startTls.',
      examples: [['ldaps://dc1.corp.example', 'ldaps://dc2.corp.example']],
    }),
    startTls: z.boolean().default(false).describe('Start TLS on ldap:// connections before the first request.'),
    ca: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: 'PEM file with the trusted certificate authorities. Without it: those that come with Node.',
        examples: ['certs/ldap-ca.pem'],
      }),
    bindDn: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: 'DN of the account that searches. Without it the search is anonymous. Active Directory also accepts svc@corp.example.',
        examples: ['cn=pushgate,ou=services,dc=corp,dc=example'],
      }),
    bindPassword: secret.optional().describe('Password of bindDn.'),
    baseDn: z
      .string()
      .min(1)
      .meta({ description: 'DN below which users are looked up.', examples: ['ou=people,dc=corp,dc=example'] }),
    scope: z.enum(['sub', 'one']).default('sub').describe('sub: all entries below baseDn. one: its direct children only.'),
    filter: z
      .string()
      .refine((text) => text.includes('{user}'), 'the filter must contain {user} in place of the login name')
      .refine(isFilter, 'is not an LDAP filter')
      .default('(uid={user})')
      .describe(
        'Filter that finds one user. {user} is the login name. Active Directory, without disabled accounts: (&(objectCategory=person)(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2))(sAMAccountName={user})).',
      ),
    attributes: attributes.prefault({}).meta({
      description: 'Which attribute of an entry holds which fact.',
      examples: [{ username: 'sAMAccountName', userid: 'objectGUID', groups: 'memberOf' }],
    }),
    accountState: z
      .boolean()
      .default(true)
      .describe('Refuse accounts that the directory marks as disabled, expired or locked. docs/users.md lists the attributes.'),
    serverTimeoutMs: z
      .int()
      .min(50)
      .max(60_000)
      .default(2000)
      .describe('The longest time for one server, with its connection. It is less when timeoutMs leaves less.'),
    timeoutMs: z
      .int()
      .min(50)
      .max(60_000)
      .default(5000)
      .describe('The longest time for one lookup over all servers. Each server gets an equal share.'),
    retryAfterMs: z.int().min(0).max(3_600_000).default(30_000).describe('How long a failed server is asked last.'),
    cacheMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .default(60_000)
      .describe('How long a found user is cached. 0: not at all. Passwords are never cached.'),
    cacheMax: z.int().min(1).max(1_000_000).default(10_000).describe('How many users the cache holds.'),
  })
  .refine(({ bindDn, bindPassword }) => (bindDn === undefined) === (bindPassword === undefined), {
    path: ['bindPassword'],
    message: 'bindDn and bindPassword belong together',
  })
  .refine(({ urls, startTls }) => startTls || urls.every(isPrivate), {
    path: ['urls'],
    message: 'use ldaps:// or set startTls; without TLS, passwords in clear text are allowed to this machine only',
  });

/** These settings after the check. */
export type LdapConfig = z.output<typeof ldapConfig>;

function isServerOnly(text: string): boolean {
  const { username, password, pathname, search, hash, hostname } = new URL(text);
  return hostname !== '' && `${username}${password}${search}${hash}` === '' && (pathname === '' || pathname === '/');
}

function isPrivate(text: string): boolean {
  const { protocol, hostname } = new URL(text);
  return protocol === 'ldaps:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

function isFilter(text: string): boolean {
  // The library accepts a filter without its last bracket.
  if (text.split('(').length !== text.split(')').length) return false;
  try {
    ldapts().FilterParser.parseString(text.replaceAll('{user}', 'x'));
    return true;
  } catch {
    return false;
  }
}
