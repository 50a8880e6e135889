import { z } from 'zod';
import { foldedRealm } from '../../foundation/model/index.ts';

/** One realm of the configuration file: a namespace of users. */
export const realmConfig = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'a realm name has letters, digits, dot, underscore and dash')
    .meta({ description: 'Name of the realm, as auth servers send it.', examples: ['corp'] }),
  default: z.boolean().default(false).describe('Users of a login that names no realm belong to this realm.'),
  ignoreCase: z
    .boolean()
    .default(false)
    .describe('User names that differ only in case mean one user here: Bob is bob. A user source that knows the user decides instead.'),
  users: z
    .array(z.string())
    .default([])
    .meta({
      description:
        'User sources, asked in order. The first one that knows a user counts. Without any source, the owners of push tokens are the users.',
      examples: [['ad-corp']],
    }),
});

/** The realms of this installation. Without any, every user is in the realm with the empty name. */
export type Realms = {
  /**
   * Splits `user@realm` and `realm\user` if that realm exists, ignoring case; an explicit `realm` then wins over the
   * split one. Refuses an explicit `realm` that does not exist.
   */
  resolve(user: string, realm: string | undefined): { user: string; realm: string } | 'unknown-realm';
  /** The configured realms. */
  names: readonly string[];
  /** Whether names of users that differ only in case are one user in this realm. */
  ignoresCase(realm: string): boolean;
};

/**
 * Opens the realms of a configuration.
 * @see docs/protocols/privacyidea.md 2, point 4
 */
export function openRealms(realms: readonly Pick<z.output<typeof realmConfig>, 'name' | 'default' | 'ignoreCase'>[]): Realms {
  const known = new Map(realms.map(({ name }) => [keyOf(name), name]));
  const caseless = new Set(realms.filter(({ ignoreCase }) => ignoreCase).map(({ name }) => keyOf(name)));
  const fallback = realms.find((realm) => realm.default)?.name ?? '';
  const split = (text: string): { user: string; realm: string } | undefined => {
    const at = text.lastIndexOf('@');
    const byAt = at > 0 ? known.get(keyOf(text.slice(at + 1))) : undefined;
    if (byAt !== undefined) return { user: text.slice(0, at).trim(), realm: byAt };
    const slash = at < 0 ? text.indexOf('\\') : -1;
    const bySlash = slash > 0 ? known.get(keyOf(text.slice(0, slash))) : undefined;
    return bySlash === undefined ? undefined : { user: text.slice(slash + 1).trim(), realm: bySlash };
  };
  return {
    resolve(user, realm) {
      if (keyOf(realm ?? '') === '') return split(user) ?? { user: user.trim(), realm: fallback };
      const found = known.get(keyOf(realm ?? ''));
      if (found === undefined) return 'unknown-realm';
      return { user: split(user)?.user ?? user.trim(), realm: found };
    },
    names: [...known.values()],
    ignoresCase: (realm) => caseless.has(keyOf(realm)),
  };
}

const keyOf = (realm: string): string => foldedRealm(realm.trim());
