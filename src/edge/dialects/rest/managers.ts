import type { Context } from 'koa';
import { type AdministrationScope, type Asker, mayAskFor, originOf } from '../../../engine/index.ts';
import { type Actor, ok } from '../../../foundation/model/index.ts';
import type { Permission } from '../../../policy/index.ts';
import { type Admin, type AuthServer, type AuthServerRight, bearerOf } from '../../access/index.ts';
import { type AdminRefusal, actorOf, askerOf, clientsOf, recogniseAdmin, serverBehind } from '../../http/index.ts';
import { askerFor, authServerOf, dialect, type RestParts } from './parts.ts';
import { RestProblem } from './problems.ts';

/**
 * Who manages push tokens and the gateway: an administrator, or an auth server itself. `scope` and `realms` are what it
 * may act on, by the realms of push tokens: '' stands for push tokens without one, undefined for all.
 */
export type Manager = {
  /** The caller as policies see it; an administrator may name users of every realm. */
  asker: Asker;
  actor: Actor;
  scope: AdministrationScope;
  realms: string[] | undefined;
  /** The auth server, when no administrator is logged in. */
  server: AuthServer | undefined;
};

/** What an auth server needs, and what policies must give an administrator. */
export type ManagerRights = { right: AuthServerRight; permission: Permission };

/** A caller that was recognised and has the right. */
export type KnownManager = { admin: Admin } | { server: AuthServer };

/**
 * The manager of a request whose body was read: the administrator of its bearer token, else its auth server. A token of
 * an administrator that has ended is refused, also from the network of an auth server.
 */
export async function knownManager(parts: RestParts, ctx: Context, { right, permission }: ManagerRights): Promise<KnownManager> {
  const bearer = bearerOf(ctx.get('authorization'));
  const read = bearer === '' ? undefined : await parts.adminTokens.read(bearer);
  if (!read?.ok && read?.error.kind !== 'expired') return { server: (await authServerOf(parts, ctx, right)).server };
  const admin = await recogniseAdmin(parts, ctx, { token: ok(bearer), right: permission, asker: () => adminAsker(parts, ctx) });
  if (!admin.ok) throw notAdministrator(admin.error);
  return { admin: admin.value };
}

/** The manager with its scope. The asker has the parameters that were noted before. */
export function managerFor(parts: RestParts, ctx: Context, known: KnownManager, { right, permission }: ManagerRights): Manager {
  const { admission, realms } = parts.engine;
  if ('admin' in known) {
    const { admin } = known;
    const asker = adminAsker(parts, ctx, serverBehind(parts, ctx, { mount: parts.path, admin }));
    return {
      asker,
      actor: actorOf(asker, admin),
      scope: { right: permission, allows: (named) => admission.mayAdminister(asker, admin, permission, named) },
      realms: admission.realmsOpenTo(asker, admin, permission),
      server: undefined,
    };
  }
  const { server } = known;
  const asker = askerFor(parts, ctx, server);
  return {
    asker,
    actor: { ...originOf(asker), administrator: '' },
    scope: { right, allows: (named) => server.realms === undefined || named.some((realm) => mayAskFor(server, realm)) },
    realms: server.realms && realms.names.filter((realm) => mayAskFor(server, realm)),
    server,
  };
}

/** An administrator as policies see it, with the auth server that it acts for. */
const adminAsker = (parts: RestParts, ctx: Context, server?: AuthServer): Asker =>
  askerOf(ctx, { authServer: server?.name ?? '', dialect, mount: parts.path, ...clientsOf(parts, ctx) });

function notAdministrator(refusal: AdminRefusal): RestProblem {
  return refusal.kind === 'no-right'
    ? new RestProblem('not-allowed', `No policy gives this administrator the right ${refusal.right}.`)
    : new RestProblem('not-authenticated', 'The token of this request is not valid (any more).');
}
