import type { Context } from 'koa';
import { readLinotpRequest, sendLinotp } from '../../../formats/linotp/index.ts';
import { logOut } from '../../../http/index.ts';
import { csrfCookie, csrfOf, sessionCookie, sessionOf } from '../caller.ts';
import { askerFor, type LinotpParts } from '../parts.ts';

/**
 * `POST /admin/login` `username`, `password`: opens an administrator's session, held in cookies. The reply does not
 * distinguish a wrong name from a wrong password.
 */
export async function adminLogin(parts: LinotpParts, ctx: Context): Promise<void> {
  const params = await readLinotpRequest(ctx);
  const username = params.required('username');
  const verdict = await parts.checkLogin(ctx, username, params.text('password') ?? '');
  if (verdict !== 'right') {
    sendLinotp(ctx, parts.product, { id: 1, value: false, detail: { message: 'Bad credentials' } });
    ctx.status = 401;
    return;
  }
  const token = await parts.adminTokens.issue({ name: username, rights: [] });
  const secure = parts.isSecure(ctx);
  // Koa refuses secure cookies unless it sees TLS itself.
  ctx.cookies.secure = secure;
  const cookie = { sameSite: 'strict', path: '/', secure } as const;
  ctx.cookies.set(sessionCookie, token, { ...cookie, httpOnly: true });
  ctx.cookies.set(csrfCookie, csrfOf(token), { ...cookie, httpOnly: false });
  sendLinotp(ctx, parts.product, { id: 1, value: true, detail: { message: `Login successful for ${username}` } });
}

/** `GET|POST /admin/logout`: ends the session and removes its cookies. */
export async function adminLogout(parts: LinotpParts, ctx: Context): Promise<void> {
  const token = sessionOf(ctx);
  if (token !== '') await logOut(parts, ctx, { token, asker: () => askerFor(parts, ctx) });
  ctx.cookies.set(sessionCookie, null);
  ctx.cookies.set(csrfCookie, null);
  sendLinotp(ctx, parts.product, { id: 1, value: true });
}
