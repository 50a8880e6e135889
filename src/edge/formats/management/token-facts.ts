import { type Asker, addressId, type Engine, type ListFilter } from '../../../engine/index.ts';
import type { PushToken } from '../../../foundation/model/index.ts';
import { iso, isoOr } from './fields.ts';

/** The filter of a list of push tokens as a request names it; `*` in `user` and `serial` matches any text. */
export type TokenListWish = {
  user?: string | undefined;
  realm?: string | undefined;
  serial?: string | undefined;
  type?: string | undefined;
  rolloutState?: PushToken['rollout'] | undefined;
};

/** The filter for the store; `foreign` for a realm that does not exist, or that this caller may not use. */
export async function tokenFilter(
  { admission, people }: Pick<Engine, 'admission' | 'people'>,
  asker: Pick<Asker, 'realms'>,
  { user, realm, serial, type, rolloutState: rollout }: TokenListWish,
): Promise<ListFilter | 'foreign'> {
  const more = { serial, type, rollout };
  if (user === undefined && realm === undefined) return more;
  const named = admission.resolveName(asker, { name: user ?? '', realm });
  if (named === 'foreign') return 'foreign';
  if (user === undefined) return { ...more, realm: named.realm };
  return { ...more, of: user.includes('*') ? named : await people.asked(named.user, named.realm) };
}

/** A push token in a list. */
export const tokenRow = (token: PushToken) => ({
  serial: token.serial,
  type: token.type,
  user: token.owner?.user,
  realm: token.owner?.realm,
  rolloutState: token.rollout,
  enabled: token.enabled,
  revoked: token.revoked,
  locked: token.failCount >= token.maxFail,
  failures: token.failCount,
  lastLogin: isoOr(token.lastLogin?.at),
});

/** All that is told of a push token. Keys, credentials, the PIN and the addresses themselves are left out. */
export const tokenFacts = (token: PushToken) => ({
  ...tokenRow(token),
  resolver: token.owner?.resolver || undefined,
  realms: token.realms,
  description: token.description,
  maxFailures: token.maxFail,
  lockedSince: isoOr(token.exceededAt),
  hasPin: token.pinHash !== undefined,
  logins: token.loginCount,
  createdAt: iso(token.createdAt),
  validFrom: isoOr(token.validFrom),
  validUntil: isoOr(token.validUntil),
  provider: token.provider,
  mount: token.mount,
  registrationUrl: token.registrationUrl,
  phone: { protocol: token.phone.protocol, flavour: token.phone.flavour, capabilities: token.capabilities },
  notes: token.info ?? {},
  addresses: addressesOf(token),
});

/** The addresses of a push token by id; the addresses themselves are never shown. */
export const addressesOf = ({ addresses }: PushToken) =>
  addresses.map((address) => ({
    id: addressId(address),
    kind: address.kind,
    since: iso(address.since),
    deadSince: isoOr(address.deadSince),
  }));

/** Why a push token cannot be enabled, as a sentence; undefined if it can. */
export function notEnabled({ serial, revoked, rollout }: PushToken): string | undefined {
  if (revoked) return `The push token ${serial} is revoked for good.`;
  return rollout === 'enrolled' ? undefined : `The push token ${serial} waits for its phone.`;
}
