import type { UpdateFilter } from 'mongodb';
import type { PushToken, PushTokenChange } from '../../foundation/model/index.ts';
import type { LowerTwins, TokenDocument } from './collections.ts';

/** The document of a new push token. */
export function documentOf({ serial, ...rest }: PushToken): TokenDocument {
  const { owner } = rest;
  const lower: LowerTwins = { serial: serial.toLowerCase(), ...(owner ? lowerOwner(owner) : {}) };
  return { _id: serial, ...rest, lower };
}

/** The push token of a document. */
export function tokenOf({ _id, lower: _lower, ...rest }: TokenDocument): PushToken {
  return { serial: _id, ...rest };
}

const lowerOwner = ({ user, realm }: { user: string; realm: string }) => ({ user: user.toLowerCase(), realm: realm.toLowerCase() });

/** Sets and takes away single fields, never the document: what others count in it meanwhile stays. */
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
  if (change.owner !== undefined) {
    put('lower.user', change.owner?.user.toLowerCase() ?? null);
    put('lower.realm', change.owner?.realm.toLowerCase() ?? null);
  }
  return update;
}
