import { z } from 'zod';
import { oneOrMany, secret } from '../../../foundation/settings/index.ts';
import { ldapts } from './library.ts';

const ldapUrl = z
  .url({ protocol: /^ldaps?$/, abort: true, error: 'expected ldaps://host or ldap://host, optionally with a port' })
  .refine(isServerOnly, 'an LDAP URL has host and port only; baseDn and filter say what to look for');

const attribute = z.string().regex(/^[A-Za-z][A-Za-z0-9.;-]*$/, 'expected the name of an attribute');

const attributes = z.strictObject({
  username: attribute.default('uid').describe('Login name. Active Directory: sAMAccountName.'),
  userid: attribute
    .default('entryUUID')
    .describe('What never changes of a user; "dn" for the name of the entry. Active Directory: objectGUID.'),
  givenname: attribute.default('givenName').describe('Given name.'),
  surname: attribute.default('sn').describe('Surname.'),
  email: attribute.default('mail').describe('E-mail address.'),
  phone: attribute.default('telephoneNumber').describe('Telephone number.'),
  mobile: attribute.default('mobile').describe('Mobile number.'),
  groups: attribute.optional().describe('Groups, such as memberOf; not asked for when absent.'),
});

/** Settings of one LDAP directory. */
export const ldapConfig = z
  .strictObject({
    urls: oneOrMany(ldapUrl).describe('Servers that hold the same users, tried in order: ldaps://host, or ldap://host with startTls.'),
    startTls: z.boolean().default(false).describe('Begin TLS on ldap:// connections before anything is said.'),
    ca: z.string().min(1).optional().describe('PEM file of trusted CAs, in place of those that come with Node.'),
    bindDn: z
      .string()
      .min(1)
      .optional()
      .describe('Who searches; nobody by name when absent. Active Directory also takes svc@corp.example.'),
    bindPassword: secret.optional().describe('Password of bindDn.'),
    baseDn: z.string().min(1).describe('Where users are looked for.'),
    scope: z.enum(['sub', 'one']).default('sub').describe('All below baseDn, or its immediate children only.'),
    filter: z
      .string()
      .refine((text) => text.includes('{user}'), 'the filter must contain {user} in place of the login name')
      .refine(isFilter, 'is not an LDAP filter')
      .default('(uid={user})')
      .describe(
        'Finds one user. Active Directory, without disabled accounts: (&(objectCategory=person)(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2))(sAMAccountName={user})).',
      ),
    attributes: attributes.prefault({}).describe('Which attribute of an entry holds what.'),
    accountState: z
      .boolean()
      .default(true)
      .describe('Refuse accounts that their entry says are disabled, expired or locked; docs/users.md lists the attributes.'),
    serverTimeoutMs: z
      .int()
      .min(50)
      .max(60_000)
      .default(2000)
      .describe('Longest time for one server, connecting included; less where the time for all of them leaves less.'),
    timeoutMs: z
      .int()
      .min(50)
      .max(60_000)
      .default(5000)
      .describe('Longest time for all servers of one question; each has an even share of it.'),
    retryAfterMs: z.int().min(0).max(3_600_000).default(30_000).describe('How long a server that failed is asked after the others.'),
    cacheMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .default(60_000)
      .describe('How long a user that was found is remembered; 0: never. Passwords never are.'),
    cacheMax: z.int().min(1).max(1_000_000).default(10_000).describe('How many users are remembered at most.'),
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
