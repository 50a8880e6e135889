import type { Context } from 'koa';
import { z } from 'zod';
import { iso, nameField } from '../../formats/management/index.ts';
import { logOut } from '../../http/index.ts';
import { OperatorFault } from './errors.ts';
import { adminTokenOf, askerFor, type OperatorParts, readJson, refusalOf } from './parts.ts';

const credentials = z.strictObject({ username: nameField, password: z.string().max(4096) });

/**
 * `POST /ops/auth` `{"username", "password"}`: exchanges an administrator's password for a token, like `/auth`:
 * `{"username", "token", "expiresAt"}`. A wrong name and a wrong password get the same reply.
 */
export async function logIn(parts: OperatorParts, ctx: Context): Promise<void> {
  const { username, password } = await readJson(ctx, credentials);
  const verdict = await parts.checkLogin(ctx, username, password);
  if (verdict !== 'right') throw new OperatorFault('no-authorization', 'The name or the password is wrong.');
  const token = await parts.adminTokens.issue({ name: username, rights: [] });
  ctx.body = { username, token, expiresAt: iso(parts.engine.clock() + parts.adminTokens.lifeMs) };
}

/** `DELETE /ops/auth`: revokes the token of the request at all gateways. */
export async function endToken(parts: OperatorParts, ctx: Context): Promise<void> {
  const token = adminTokenOf(ctx);
  const ended = token.ok ? await logOut(parts, ctx, { token: token.value, asker: () => askerFor(parts, ctx) }) : token;
  if (!ended.ok) throw refusalOf(ended.error);
  ctx.body = { username: ended.value.name, ended: true };
}
