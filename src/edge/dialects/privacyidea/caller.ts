import type { Context } from 'koa';
import type { Admin, AuthServer } from '../../access/index.ts';
import { PiFault } from '../../formats/privacyidea/index.ts';
import { flavourRules } from './flavour.ts';
import { askerFor, type PrivacyideaParts } from './parts.ts';

/** What administrators may be allowed to do: the names of privacyIDEA's rights. */
export const adminRights = [
  ...(['triggerchallenge', 'enrollPUSH', 'tokenlist', 'enable', 'disable', 'delete', 'reset', 'setpin'] as const),
  ...(['assign', 'unassign', 'revoke', 'settokeninfo', 'getchallenges', 'cancelchallenge', 'enrollEDUPUSH'] as const),
] as const;
/** One of them. */
export type AdminRight = (typeof adminRights)[number];

/**
 * The auth server that sent a request: by the administrator it logged in as, else by its network. Throws the dialect's refusal when
 * nobody we know did, or when it may not do that.
 */
export function authServerOf(parts: PrivacyideaParts, ctx: Context, right: AuthServer['rights'][number], admin?: Admin): AuthServer {
  const address = parts.clientAddress(ctx);
  const server = parts.callerOf({ address, mount: parts.mount.path, ...(admin ? { account: admin.name } : {}) });
  if (!server) throw new PiFault('policy', 'This address is not known as an auth server of this gateway.');
  if (!server.rights.includes(right)) throw new PiFault('policy', `This auth server does not have the right to ${right}.`);
  return server;
}

/**
 * The administrator whose token a request carries, in `Authorization` or, for privacyIDEA, `PI-Authorization`, with or without `Bearer`. Throws the
 * refusals 4033, 4304, 4305 and 4306, and 303 when policies do not permit it.
 * @see docs/protocols/privacyidea.md 9
 */
export async function adminOf(parts: PrivacyideaParts, ctx: Context, right: AdminRight): Promise<Admin> {
  const header =
    flavourRules(parts.product)
      .tokenHeaders.map((name) => ctx.get(name))
      .find(Boolean) ?? '';
  if (header === '') throw new PiFault('no-authorization', 'Authentication failure. Missing Authorization header.');
  const token = await parts.adminTokens.read(header.replace(/^Bearer /i, ''));
  if (!token.ok) {
    switch (token.error.kind) {
      case 'malformed':
        throw new PiFault('bad-authorization', `Authentication failure. Error decoding the Authorization token: ${token.error.detail}`);
      case 'expired':
        throw new PiFault('expired-authorization', 'Authentication failure. Your token has expired: Signature has expired');
      case 'wrong-role':
        throw new PiFault('wrong-role', 'Authentication failure. You do not have the necessary role to do this.');
      default:
        throw token.error satisfies never;
    }
  }
  permit(parts, ctx, token.value, right);
  return token.value;
}

function permit(parts: PrivacyideaParts, ctx: Context, admin: Admin, right: AdminRight): void {
  const { engine } = parts;
  const facts = engine.facts(askerFor(parts, ctx), { user: admin.name });
  if (engine.policy.permits(right, facts)) return;
  const what = right.startsWith('enroll') ? 'you are not allowed to enroll this token type!' : `the action ${right} is not allowed!`;
  throw new PiFault('policy', `Admin actions are defined, but ${what}`);
}
