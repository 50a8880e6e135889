import type { Context } from 'koa';
import { PiFault, readPiRequest, sendPi } from '../../../formats/privacyidea/index.ts';
import { administrationOf, serverBehind } from '../../../http/index.ts';
import { adminOf } from '../caller.ts';
import { askerFor, type PrivacyideaParts } from '../parts.ts';
import { isAssigned, isRevoked, noSuchToken, tooManyTokens } from '../refusals.ts';
import { ownerNamed } from './owner-named.ts';
import { checkPinLength } from './token-admin.ts';

/**
 * `POST /token/assign` `serial, user, realm, pin`: assigns a push token to a user. A token with an owner must be
 * unassigned first.
 * @see docs/protocols/privacyidea.md 10
 */
export async function tokenAssign(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const params = await readPiRequest(ctx, parts.product);
  const admin = await adminOf(parts, ctx, 'assign');
  const serial = params.required('serial');
  if (!params.text('user')) throw new PiFault('parameter', 'Missing parameter: user');
  const owner = await ownerNamed(parts, ctx, params);
  const pin = params.text('pin');
  if (pin !== undefined) checkPinLength(pin, 'pin');
  const server = serverBehind(parts, ctx, { mount: parts.mount.path, admin });
  const asker = askerFor(parts, ctx, server);
  const assigned = await administrationOf(parts.engine, asker, admin, 'assign').assign(asker, serial, { owner, pin });
  switch (assigned.kind) {
    case 'done':
      return sendPi(ctx, parts.product, { id: 1, value: true });
    case 'gone':
      throw noSuchToken();
    case 'revoked':
      throw isRevoked();
    case 'assigned':
      throw isAssigned(assigned.owner);
    case 'too-many-tokens':
      throw tooManyTokens(assigned);
    default:
      return assigned satisfies never;
  }
}
