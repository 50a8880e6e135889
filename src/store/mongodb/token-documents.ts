import type { UpdateFilter } from 'mongodb';
import { foldedName, foldedRealm, type Owner, ownerKeys, type PushToken, type PushTokenChange } from '../../foundation/model/index.ts';
import type { LowerCaseFields, TokenDocument } from './collections.ts';

/** The document of a new push token. */
export function documentOf({ serial, ...rest }: PushToken): TokenDocument {
  const { owner } = rest;
  const lower: LowerCaseFields = { serial: serial.toLowerCase(), ...(owner ? lowerOwner(owner) : {}) };
  return { _id: serial, ...rest, lower, ...(owner ? { ownerKeys: ownerKeys(owner) } : {}) };
}

/** Reads a push token from its document. */
export function tokenOf({ _id, lower: _lower, ownerKeys: _keys, ...rest }: TokenDocument): PushToken {
  return { serial: _id, ...rest };
}

const lowerOwner = ({ user, realm }: Owner) => ({ user: foldedName(user), realm: foldedRealm(realm) });

/** The fields derived from a push token's owner, by path. */
export const ownerIndexFields = (owner: Owner) => {
  const { user, realm } = lowerOwner(owner);
  return { 'lower.user': user, 'lower.realm': realm, ownerKeys: ownerKeys(owner) };
};

const withoutOwner: Record<keyof ReturnType<typeof ownerIndexFields>, null> = { 'lower.user': null, 'lower.realm': null, ownerKeys: null };

/** Sets and removes single fields, never the whole document, so that concurrent counts survive. */
export function changeOf(change: PushTokenChange): UpdateFilter<TokenDocument> {
  const update: { $inc: { version: 1 }; $set: Record<string, unknown>; $unset: Record<string, ''> } = {
    $inc: { version: 1 },
    $set: {},
    $unset: {},
  };
  const put = (name: string, value: unknown): void => {
    if (value === null) update.$unset[name] = '';
    else if (value !== undefined) update.$set[name] = value;
  };
  for (const [name, value] of Object.entries(change)) put(name, value);
  if (change.owner !== undefined)
    for (const [name, value] of Object.entries(change.owner ? ownerIndexFields(change.owner) : withoutOwner)) put(name, value);
  return update;
}
