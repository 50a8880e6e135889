import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import { equalText } from '../../../foundation/crypto/index.ts';
import { ok, type Result, refused } from '../../../foundation/model/index.ts';
import type { Permission } from '../../../policy/index.ts';
import { type Admin, type AuthServer, bearerOf } from '../../access/index.ts';
import { LinotpFault, noRightFault } from '../../formats/linotp/index.ts';
import { type AdminRefusal, type Caller, recogniseAdmin, recogniseCaller } from '../../http/index.ts';
import { askerFor, type LinotpParts } from './parts.ts';

/** Cookies and header of an administrator's session, named as in LinOTP 4. @see docs/protocols/linotp.md 1 */
export const sessionCookie = 'access_token_cookie';
/** The value that the CSRF header must repeat. */
export const csrfCookie = 'csrf_access_token';
const csrfHeader = 'x-csrf-token';

/**
 * The auth server of a request: by certificate, else by credential, else by network. Throws when it is unknown, its
 * credential is wrong, or it lacks the right.
 */
export async function authServerOf(parts: LinotpParts, ctx: Context, right: AuthServer['rights'][number]): Promise<Caller> {
  const bearer = bearerOf(ctx.get('authorization'));
  const caller = await recogniseCaller(parts, ctx, { mount: parts.mount.path, bearer, right });
  if (caller.ok) return caller.value;
  switch (caller.error.kind) {
    case 'unknown-certificate':
      throw new LinotpFault('certificate', 'The client certificate of this request is not known here.');
    case 'unknown-caller':
      throw new LinotpFault('policy', 'This address is not known as an auth server of this gateway.');
    case 'no-right':
      throw new LinotpFault('policy', `This auth server does not have the right to ${right}.`);
    default:
      throw new LinotpFault('policy', 'The credential of this request is not valid.');
  }
}

/**
 * The administrator of a request: by the session of `/admin/login` with its CSRF header, or by a token in
 * `Authorization`. Throws when there is none, or policies do not grant the right.
 */
export async function adminOf(parts: LinotpParts, ctx: Context, right: Permission): Promise<Admin> {
  const admin = await recogniseAdmin(parts, ctx, { token: tokenOf(ctx), right, asker: () => askerFor(parts, ctx) });
  if (admin.ok) return admin.value;
  switch (admin.error.kind) {
    case 'no-right':
      throw noRightFault(right);
    case 'forged':
      throw new LinotpFault('untyped', 'Missing or wrong X-CSRF-TOKEN');
    default:
      throw new LinotpFault('untyped', 'Please log in at /admin/login first.');
  }
}

/** The CSRF value of a session: derived from its token, so that nothing is stored. */
export const csrfOf = (token: string): string => createHash('sha256').update(`csrf ${token}`).digest('hex');

/** The token of a request, from its header, else its cookie; empty without one. */
export const sessionOf = (ctx: Context): string => headerOf(ctx) || cookieOf(ctx);

const headerOf = (ctx: Context): string => ctx.get('authorization').replace(/^Bearer /i, '');
const cookieOf = (ctx: Context): string => ctx.cookies.get(sessionCookie) ?? '';

function tokenOf(ctx: Context): Result<string, AdminRefusal> {
  const [header, token] = [headerOf(ctx), cookieOf(ctx)];
  if (header !== '') return ok(header);
  const isOwnPage = ctx.method === 'GET' || equalText(ctx.get(csrfHeader), csrfOf(token));
  if (!isOwnPage) return refused({ kind: 'forged' });
  return token === '' ? refused({ kind: 'no-token' }) : ok(token);
}
