import type { Context } from 'koa';
import { type Asker, type Engine, originOf, type TokenAdministration } from '../../engine/index.ts';
import { type Actor, type CallerRefusalReason, ok, type Result, refused, type Tell } from '../../foundation/model/index.ts';
import type { Log } from '../../foundation/telemetry/index.ts';
import type { Permission } from '../../policy/index.ts';
import {
  type Admin,
  type AdminTokens,
  type AuthServer,
  type CallerFacts,
  type Claims,
  type CredentialRefusal,
  type Credentials,
  isKnownByCertificate,
  type ShownCertificate,
  type Unrecognised,
} from '../access/index.ts';
import type { AddressReaders } from './address.ts';
import { clientCertificate } from './client-certificate.ts';
import { takeOverIds } from './observe.ts';
import type { Sightings } from './sightings.ts';
import { stateOf } from './state.ts';

/** The common parts of every auth server dialect: the engine and the recognition of callers. */
export type CallerParts = AddressReaders & {
  engine: Engine;
  callerOf: (facts: CallerFacts) => Result<AuthServer, Unrecognised>;
  /** Finds the auth server by the API key, signature or JWT of a request. */
  credentials: Credentials;
  /** Reads the claimed sender of a request. */
  claims: Claims;
  adminTokens: AdminTokens;
  /**
   * Checks an administrator's password; rejects with `TurnedAway` after too many failures from this address, or for
   * this name.
   */
  checkLogin: (ctx: Context, name: string, password: string) => Promise<'right' | 'wrong'>;
  /** Records the addresses of login calls. */
  sightings: Pick<Sightings, 'login'>;
  log: Log;
  tell: Tell;
};

/** The auth server of a request, and whether it showed a credential of its own or was recognised by network only. */
export type Caller = { server: AuthServer; showed: boolean };

/**
 * What a request says of its caller: the path of the mount, its bearer token (empty when that belongs to an
 * administrator), the required right, and its logged-in administrator, if any.
 */
export type CallerClaim = { mount: string; bearer: string; right: AuthServer['rights'][number]; admin?: Admin | undefined };

/** The same; with `isAsked` it is only a query: a refusal is not reported. */
type Recognition = CallerClaim & { isAsked?: boolean };

/** Why no caller is accepted: a refused credential, an unknown caller, or a missing right. */
export type CallerRefusal = CredentialRefusal | { kind: Unrecognised } | { kind: 'no-right' };

type Recognising = Pick<CallerParts, 'clientAddress' | 'networkAddress' | 'credentials' | 'callerOf' | 'sightings' | 'log' | 'tell'>;

/**
 * The auth server of a request whose body was read: by certificate, else by credential, else by administrator or
 * network. A refusal becomes an event; a certificate that no auth server lists is logged.
 */
export async function recogniseCaller(parts: Recognising, ctx: Context, asked: Recognition): Promise<Result<Caller, CallerRefusal>> {
  const { caller, name } = await recognised(parts, ctx, asked);
  if (!caller.ok && !asked.isAsked) tellCallerRefused(parts, ctx, { authServer: name, reason: caller.error.kind });
  return caller;
}

/** Publishes the refusal of a caller; `authServer` is empty for an unknown one. */
export function tellCallerRefused(
  { clientAddress, tell }: Pick<CallerParts, 'clientAddress' | 'tell'>,
  ctx: Context,
  { authServer, reason }: { authServer: string; reason: CallerRefusalReason },
): void {
  const { requestId, labels } = stateOf(ctx);
  tell({ kind: 'caller-refused', reason, origin: { authServer, dialect: labels?.dialect ?? '', client: clientAddress(ctx), requestId } });
}

/** `name`: the recognised auth server, even when it lacks the right. */
type Recognised = { caller: Result<Caller, CallerRefusal>; name: string };

async function recognised(parts: Recognising, ctx: Context, { mount, bearer, right, admin }: CallerClaim): Promise<Recognised> {
  const address = parts.clientAddress(ctx);
  if (right !== 'poll') parts.sightings.login(ctx, address);
  const acting = actingFor(admin);
  const found = acting.shown === undefined ? await parts.credentials(requestOf(ctx, address, bearer)) : ok(acting.shown);
  if (!found.ok) return { caller: found, name: '' };
  const certificate = clientCertificate(ctx);
  const server = parts.callerOf({ address: parts.networkAddress(ctx), mount, certificate, ...acting, shown: found.value });
  if (!server.ok) {
    if (server.error === 'unknown-certificate') logUnmatched(parts.log, ctx, certificate);
    return { caller: refused({ kind: server.error }), name: '' };
  }
  takeOverIds(ctx);
  const showed = found.value !== undefined || isKnownByCertificate(server.value, certificate);
  const { name, rights } = server.value;
  return { name, caller: rights.includes(right) ? ok({ server: server.value, showed }) : refused({ kind: 'no-right' }) };
}

/**
 * The claimed auth server of a request, before its body is read. The claim is not verified and may only decide how the
 * request is read.
 */
export async function claimedServer(
  { networkAddress, claims, callerOf }: Pick<CallerParts, 'networkAddress' | 'claims' | 'callerOf'>,
  ctx: Context,
  { mount, bearer }: Pick<CallerClaim, 'mount' | 'bearer'>,
): Promise<AuthServer | undefined> {
  const claim = await claims({ bearer, header: (name) => ctx.get(name) });
  const server = callerOf({ address: networkAddress(ctx), mount, certificate: clientCertificate(ctx), ...claim });
  return server.ok ? server.value : undefined;
}

/**
 * The auth server of an administrator's request, for policies; undefined when there is none, which is not a refusal.
 */
export function serverBehind(
  { networkAddress, callerOf }: Pick<CallerParts, 'networkAddress' | 'callerOf'>,
  ctx: Context,
  { mount, admin }: { mount: string; admin: Admin },
): AuthServer | undefined {
  const server = callerOf({ address: networkAddress(ctx), mount, certificate: clientCertificate(ctx), ...actingFor(admin) });
  return server.ok ? server.value : undefined;
}

/**
 * The administration of push tokens in an administrator's name, with the realm if it has one. Policies must grant all
 * of `rights` for each push token.
 */
export const administrationOf = (
  engine: Engine,
  asker: Asker,
  admin: Admin,
  ...rights: [Permission, ...Permission[]]
): TokenAdministration =>
  engine.administration(actorOf(asker, admin), {
    right: rights[0],
    allows: (realms) => rights.every((right) => engine.admission.mayAdminister(asker, admin, right, realms)),
  });

/** An administrator and the request's origin, for events. */
export const actorOf = (asker: Asker, { name, realm }: Pick<Admin, 'name' | 'realm'>): Actor => ({
  ...originOf(asker),
  administrator: realm === undefined ? name : `${name}@${realm}`,
});

/** An administrator with a realm is a different person from a listed account of the same name. */
const actingFor = (admin: Admin | undefined): Pick<CallerFacts, 'shown' | 'account'> => ({
  shown: admin?.authServer,
  account: admin?.realm === undefined ? admin?.name : undefined,
});

function logUnmatched(log: Log, ctx: Context, certificate: ShownCertificate | undefined): void {
  if (!certificate) return;
  const { requestId } = stateOf(ctx);
  if ('untrusted' in certificate) log.info({ reason: certificate.untrusted, requestId }, 'a client certificate is not trusted');
  else {
    const { subject, fingerprintSha256 } = certificate;
    log.info({ subject: subject.join(','), fingerprintSha256, requestId }, 'a client certificate matches no entry of authServers');
  }
}

const requestOf = (ctx: Context, address: string, bearer: string): Parameters<Credentials>[0] => ({
  address,
  bearer,
  header: (name) => ctx.get(name),
  method: ctx.method,
  target: ctx.originalUrl,
  body: () => stateOf(ctx).rawBody ?? Buffer.alloc(0),
});
