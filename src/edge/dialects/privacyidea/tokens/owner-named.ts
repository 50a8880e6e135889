import type { Context } from 'koa';
import type { Owner } from '../../../../foundation/model/index.ts';
import { PiFault, type PiParams } from '../../../formats/privacyidea/index.ts';
import type { PrivacyideaParts } from '../parts.ts';
import { rememberUser } from '../parts.ts';
import { noSuchOwner } from '../refusals.ts';
import { resolverNamed, userOf } from '../subject.ts';

/** Administrators may name users of every realm. */
const anyRealm = {};

/** The named user as a stored owner. Throws 904 for an unknown user or resolver, and like `findPerson`. */
export async function ownerNamed(parts: PrivacyideaParts, ctx: Context, params: PiParams): Promise<Owner> {
  const { user, realm } = userOf(parts, params, anyRealm, noSuchOwner);
  const found = await parts.engine.people.findOwner(user, realm, resolverNamed(parts, params, realm));
  if (!found) throw new PiFault('unknown-user', noSuchOwner());
  if (found.record) rememberUser(ctx, found.record);
  return found.owner;
}

/** Remembers the source's record of a push token's owner for policies and texts, if the source is reachable. */
export async function rememberOwner({ engine }: PrivacyideaParts, ctx: Context, owner: Owner | undefined): Promise<void> {
  const record = await engine.people.recordOfOwner(owner);
  if (record) rememberUser(ctx, record);
}
