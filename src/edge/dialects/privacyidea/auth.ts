import type { Context } from 'koa';
import { PiFault, readPiRequest, sendPi } from '../../formats/privacyidea/index.ts';
import { type AdminRight, adminRights, endSession } from './caller.ts';
import { flavourRules } from './flavour.ts';
import { askerFor, type PrivacyideaParts } from './parts.ts';
import { demandEmpty } from './subject.ts';

/**
 * `POST /auth`: exchanges an administrator's password for a token. The reply does not distinguish a wrong name from a
 * wrong password.
 * @see docs/protocols/privacyidea.md 9
 */
export async function auth(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const params = await readPiRequest(ctx, parts.product);
  const username = params.text('username');
  if (!username) throw new PiFault('no-username', 'Authentication failure. Missing Username');
  demandEmpty(params, { realm: 'The administrators of this gateway are in no realm' });
  const verdict = await parts.checkLogin(ctx, username, params.text('password') ?? '');
  if (verdict !== 'right') throw new PiFault('wrong-credentials', 'Authentication failure. Wrong credentials');
  const asker = askerFor(parts, ctx);
  const { authId, kinds } = flavourRules(parts.product);
  const isOffered = (right: AdminRight): boolean => !right.startsWith('enroll') || kinds.some((kind) => kind.right === right);
  const rights = adminRights.filter((right) => isOffered(right) && parts.engine.admission.mayAdminister(asker, { name: username }, right));
  const token = await parts.adminTokens.issue({ name: username, rights });
  const value = { auth: true, log_level: 20, menus: [], realm: '', rights, role: 'admin', token, username };
  sendPi(ctx, parts.product, { id: authId, value });
}

/** `DELETE /auth`: logs out; the token of the request becomes invalid. privacyIDEA has no such call. */
export async function logout(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  await endSession(parts, ctx);
  sendPi(ctx, parts.product, { id: 1, value: true });
}
