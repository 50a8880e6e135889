import { isSameName, type Owner, type PushToken } from '../../../foundation/model/index.ts';
import { LinotpFault, type LinotpParams } from '../../formats/linotp/index.ts';
import type { LinotpParts } from './parts.ts';
import { resolved, sourceNamed } from './subject.ts';

/** A user as push tokens know them: the name they stand under, and the sources whose user of that name is somebody else. */
export type StoredUser = { user: string; realm: string; notResolvers: readonly string[] };

/** The push tokens of a serial, of a user, or with both the one that is theirs. Throws when nobody is named, and for a realm that does not exist. */
export async function selectedTokens(parts: LinotpParts, params: LinotpParams): Promise<PushToken[]> {
  const [serial, name] = [params.text('serial'), params.text('user')];
  if (!serial && !name) throw new LinotpFault('parameter', "missing key KeyError('serial')");
  const stored = name ? await storedUser(parts, params, name) : undefined;
  const selection = serial ? { serial } : stored;
  const tokens = selection ? await parts.engine.selectTokens(selection) : [];
  return stored ? tokens.filter(({ owner }) => isTheirs(stored, owner)) : tokens;
}

const isTheirs = ({ user, realm, notResolvers }: StoredUser, owner: Owner | undefined): boolean =>
  owner !== undefined && isSameName(owner.user, user) && owner.realm === realm && !notResolvers.includes(owner.resolver);

/**
 * The user whom a call names, for what is stored of them. Who is unknown or cannot be looked up now keeps the name that was typed: an administrator must
 * be able to stop the push tokens of who has left.
 */
export async function storedUser(parts: LinotpParts, params: LinotpParams, name: string): Promise<StoredUser> {
  const { user, realm } = resolved(parts, params, name);
  const source = sourceNamed(parts, params, realm);
  const record = await parts.engine.recordOf(user, realm, source);
  const whose = record?.resolver ?? source;
  const others = whose === undefined ? [] : parts.engine.sourceNames(realm).filter((other) => other !== whose);
  // A source that was named and does not know the user knows nothing of tokens without a source either.
  const notResolvers = record === undefined && source !== undefined ? [...others, ''] : others;
  return { user: record?.username ?? user, realm, notResolvers };
}
