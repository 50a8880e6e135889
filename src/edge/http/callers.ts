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

/** What every dialect of auth servers works with: the engine, and who may call it. */
export type CallerParts = AddressReaders & {
  engine: Engine;
  callerOf: (facts: CallerFacts) => Result<AuthServer, Unrecognised>;
  /** Finds the auth server whose API key, signature or JWT a request shows. */
  credentials: Credentials;
  /** Reads whom a request says that it is from. */
  claims: Claims;
  adminTokens: AdminTokens;
  /** Checks an administrator's password; rejects with `TurnedAway` after too many failures of where this request comes from, or for this name. */
  checkLogin: (ctx: Context, name: string, password: string) => Promise<'right' | 'wrong'>;
  /** Where calls that log users in are noted with their addresses. */
  sightings: Pick<Sightings, 'login'>;
  log: Log;
  tell: Tell;
};

/** An auth server that sent a request, and whether it showed a credential of its own rather than only came from its network. */
export type Caller = { server: AuthServer; showed: boolean };

/**
 * What a request says of its caller: the path of the mount it called, its bearer token (empty where that belongs to an administrator), what it wants to do,
 * and the administrator it logged in as, if it did.
 */
export type CallerClaim = { mount: string; bearer: string; right: AuthServer['rights'][number]; admin?: Admin | undefined };

/** The same, and whether it is only asked: then nobody is refused, and nothing is told. */
type Recognition = CallerClaim & { isAsked?: boolean };

/** Why nobody is recognised: a credential that is not taken, nobody we know, or one who may not do that. */
export type CallerRefusal = CredentialRefusal | { kind: Unrecognised } | { kind: 'no-right' };

type Recognising = Pick<CallerParts, 'clientAddress' | 'networkAddress' | 'credentials' | 'callerOf' | 'sightings' | 'log' | 'tell'>;

/**
 * The auth server that sent a request whose body was read: by its certificate, else by the credential it shows, else by its administrator or its network.
 * A refusal is told as an event, a certificate that no auth server lists in the log.
 */
export async function recogniseCaller(parts: Recognising, ctx: Context, asked: Recognition): Promise<Result<Caller, CallerRefusal>> {
  const { caller, name } = await recognised(parts, ctx, asked);
  if (!caller.ok && !asked.isAsked) tellCallerRefused(parts, ctx, { authServer: name, reason: caller.error.kind });
  return caller;
}

/** Tells that a request was refused for who sent it; `authServer` is empty where nobody is known. */
export function tellCallerRefused(
  { clientAddress, tell }: Pick<CallerParts, 'clientAddress' | 'tell'>,
  ctx: Context,
  { authServer, reason }: { authServer: string; reason: CallerRefusalReason },
): void {
  const { requestId, labels } = stateOf(ctx);
  tell({ kind: 'caller-refused', reason, origin: { authServer, dialect: labels?.dialect ?? '', client: clientAddress(ctx), requestId } });
}

/** `name`: that of the auth server that was recognised, also where it may not do that. */
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
    if (server.error === 'unknown-certificate') tellOf(parts.log, ctx, certificate);
    return { caller: refused({ kind: server.error }), name: '' };
  }
  takeOverIds(ctx);
  const showed = found.value !== undefined || isKnownByCertificate(server.value, certificate);
  const { name, rights } = server.value;
  return { name, caller: rights.includes(right) ? ok({ server: server.value, showed }) : refused({ kind: 'no-right' }) };
}

/**
 * The auth server that a request says it is from, before its body is read: nothing is proven or counted, and nobody is refused. So this may decide how the
 * request is read, and nothing else.
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

/** The auth server that an administrator's request counts as, for policies; undefined where it is none's. Nobody is refused for that. */
export function serverBehind(
  { networkAddress, callerOf }: Pick<CallerParts, 'networkAddress' | 'callerOf'>,
  ctx: Context,
  { mount, admin }: { mount: string; admin: Admin },
): AuthServer | undefined {
  const server = callerOf({ address: networkAddress(ctx), mount, certificate: clientCertificate(ctx), ...actingFor(admin) });
  return server.ok ? server.value : undefined;
}

/**
 * What an administrator does with push tokens, in events told under that name; one of another realm is told with it. `rights` are those that it takes, all of
 * which policies have to give for each push token.
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

/** An administrator as events name one, and from where. */
export const actorOf = (asker: Asker, { name, realm }: Pick<Admin, 'name' | 'realm'>): Actor => ({
  ...originOf(asker),
  administrator: realm === undefined ? name : `${name}@${realm}`,
});

/** An administrator of another realm is another person than the one of that name whom an auth server lists. */
const actingFor = (admin: Admin | undefined): Pick<CallerFacts, 'shown' | 'account'> => ({
  shown: admin?.authServer,
  account: admin?.realm === undefined ? admin?.name : undefined,
});

function tellOf(log: Log, ctx: Context, certificate: ShownCertificate | undefined): void {
  if (!certificate) return;
  const { requestId } = stateOf(ctx);
  if ('untrusted' in certificate) log.info({ reason: certificate.untrusted, requestId }, 'a client certificate is not trusted');
  else {
    const { subject, fingerprintSha256 } = certificate;
    log.info({ subject: subject.join(','), fingerprintSha256, requestId }, 'a client certificate fits no entry of authServers');
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
