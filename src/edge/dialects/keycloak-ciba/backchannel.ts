import { randomInt } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Context } from 'koa';
import type { Approval, ApprovalRefusal, ApprovalRequest, Asker } from '../../../engine/index.ts';
import { sha256Hex } from '../../../foundation/crypto/index.ts';
import type { CallerRefusalReason } from '../../../foundation/model/index.ts';
import { askerOf, noteParams, readBody, readText, stateOf, takeOverIds, tellCallerRefused } from '../../http/index.ts';
import { answerMs, type CibaClaims, type TokenCheck, type TokenRefusal, verifyBearer } from './bearer-token.ts';
import { callbackMessage } from './callback-message.ts';
import type { Keycloak } from './keycloaks.ts';
import { dialect, type KeycloakParts } from './parts.ts';
import { numberIn, phoneText } from './phone-text.ts';
import { CibaRefusal } from './replies.ts';
import { type BackchannelRequest, longestBody, readBackchannel } from './request-body.ts';

/** A verified request. */
type Call = { ctx: Context; keycloak: Keycloak; token: string; claims: CibaClaims; request: BackchannelRequest; asker: Asker; now: number };

/**
 * `POST /keycloak/ciba`: a backchannel authentication request of a Keycloak. Verifies, stores, replies 201, and asks the
 * phone only after that, since Keycloak waits 5 s at most.
 * @see docs/protocols/keycloak-ciba.md 2 to 4
 */
export async function authenticate(parts: KeycloakParts, ctx: Context): Promise<void> {
  const body = await bodyOf(ctx);
  const now = parts.clock();
  const { text: token, keycloak, claims } = await verified(parts, ctx, now);
  takeOverIds(ctx);
  const request = readBackchannel(body);
  if (!request) throw new CibaRefusal(400, 'The body is not a backchannel authentication request with a login_hint');
  if (keycloak.config.requireBindingMessage && request.bindingMessage === undefined)
    throw new CibaRefusal(400, 'A binding_message is required here');
  noteParams(ctx, new Map(Object.entries({ client_id: claims.client, scope: request.scopes.join(' ') })));
  const asker = askerFor(parts, ctx, keycloak);
  const call = { ctx, keycloak, token, claims, request, asker, now };
  const repeatable = { authServer: keycloak.config.name, key: claims.jti, digest: `${token}\n${sha256Hex(body)}` };
  const once = await parts.engine.once(repeatable, () => begin(parts, call));
  if (once.kind !== 'done') throw new CibaRefusal(409, 'Another request came with this token');
  ctx.status = 201;
  ctx.body = {};
}

async function bodyOf(ctx: Context): Promise<string> {
  const body = await readBody(ctx);
  if (body.ok && body.value.length <= longestBody) return readText(body.value, 'utf-8', 'The body');
  throw body.ok || body.error === 'too-large' ? new CibaRefusal(413, 'The body is too large') : new CibaRefusal(400, 'The body is broken');
}

const askerFor = ({ path: mount, clientAddress }: KeycloakParts, ctx: Context, { config, realm }: Keycloak): Asker =>
  askerOf(ctx, { authServer: config.name, realms: [realm], dialect, mount, client: clientAddress(ctx) });

/** The token of the request. The refusal does not say which check failed; the log does. */
async function verified(parts: KeycloakParts, ctx: Context, now: number) {
  const token = await verifyBearer(ctx.get('authorization'), parts.keycloaks, now);
  if (token.ok) return token.value;
  const refusal = token.error;
  const authServer = refusal.keycloak?.config.name ?? '';
  const check = refusal.kind === 'failed' ? refusal.check : refusal.kind;
  const shown = sha256Hex(ctx.get('authorization').replace(/^Bearer +/i, '')).slice(0, 16);
  parts.log.warn({ authServer, check, tokenSha256: shown, requestId: stateOf(ctx).requestId }, 'a token of a Keycloak was refused');
  throw await refusalOf(parts, ctx, refusal, authServer);
}

async function refusalOf(parts: KeycloakParts, ctx: Context, refusal: TokenRefusal<Keycloak>, authServer: string): Promise<CibaRefusal> {
  if (refusal.kind === 'no-keys') return new CibaRefusal(503, 'The public keys of this issuer cannot be fetched');
  const reason = reasons[refusal.check] ?? 'wrong';
  tellCallerRefused(parts, ctx, { authServer, reason });
  if (reason === 'wrong') await parts.limits.failedOrThrow('caller', parts.clientAddress(ctx));
  return new CibaRefusal(401, 'The bearer token is not valid here');
}

/** Checks that a token may fail without any guessing. */
const reasons: Partial<Record<TokenCheck, CallerRefusalReason>> = { form: 'malformed', time: 'expired', client: 'no-right' };

/** Stores the challenge and its callback. Returns the id of the transaction, or the pretence of one. */
async function begin(parts: KeycloakParts, call: Call): Promise<string> {
  const issued = await parts.engine.challenges.issueApproval(approvalOf(call));
  if (!issued.ok) return pretended(parts, call, issued.error);
  const { transaction } = issued.value;
  const awaited = { kind: 'awaited', ...aboutOf(call), transaction: transaction.id, asker: call.asker } as const;
  const message = callbackMessage(call.keycloak.config.name, awaited, transaction.decision.answerUntil);
  await parts.engine.outbox.add([message]);
  const isRead = flushed(call.ctx.res);
  parts.background('push of a Keycloak', () => deliver(parts, issued.value, { isRead, message: message.id }));
  return transaction.id;
}

/** The longest time for which a result can be held ready; Keycloak puts no limit on the life of a token. */
const mostGraceMs = 15 * 60_000;

function approvalOf({ keycloak, claims, request, asker, now }: Call): ApprovalRequest {
  const { config, realm } = keycloak;
  const number = numberIn(request);
  const text = (isHidden: boolean) => phoneText(request, { config, client: claims.client, isHidden });
  return {
    asker,
    showed: true,
    who: { user: request.user, realm, isWhole: true },
    identity: { issuer: config.issuer, subject: claims.subject },
    prompt: text(false),
    // Keycloak's pages show neither a number of ours nor a field for a code.
    mode: 'confirm',
    shown: number === undefined ? undefined : { number, prompt: text(true) },
    validityMs: answerMs(claims, config, now),
    graceMs: Math.min(claims.expiresAt - now, mostGraceMs),
    naming: () => ({ foreignId: claims.jti, handles: [] }),
    callsBack: true,
  };
}

/** What a callback needs of the request. */
const aboutOf = ({ token, claims: { jti, expiresAt }, now: acceptedAt }: Call) => ({ token, jti, expiresAt, acceptedAt });

/** Asks the phone once Keycloak has read the reply; only then does it know the request. */
async function deliver(
  { engine: { challenges, outbox } }: KeycloakParts,
  issued: Approval,
  { isRead, message }: { isRead: Promise<boolean>; message: string },
): Promise<void> {
  if (!(await isRead)) {
    await outbox.drop(message);
    await challenges.withdraw(issued.transaction);
    return;
  }
  const delivered = await challenges.deliver(issued);
  if (!delivered.some(({ sent, pollable }) => sent || pollable)) await challenges.withdraw(issued.transaction);
}

/** Resolves when the whole reply was handed to the system; false when the connection closed before. */
const flushed = (reply: ServerResponse): Promise<boolean> =>
  new Promise((resolve) => {
    reply.once('finish', () => resolve(true));
    reply.once('close', () => resolve(reply.writableFinished));
  });

/** When the result of a pretended request comes (ms). */
const [soonestMs, latestMs] = [5000, 20_000];

/** Refuses, or pretends to ask a phone: a callback some seconds later says that the user could not be authenticated. */
async function pretended({ engine }: KeycloakParts, call: Call, refusal: ApprovalRefusal): Promise<string> {
  const isWrong = refusal.kind === 'not-asked' && refusal.reason === 'wrong-identity';
  if (call.keycloak.config.notEnrolled === 'refuse' || isWrong) throw refused(refusal);
  const decided = { kind: 'decided', ...aboutOf(call), status: 'UNAUTHORIZED' } as const;
  await engine.outbox.add([callbackMessage(call.keycloak.config.name, decided, call.now + randomInt(soonestMs, latestMs))]);
  return 'pretended';
}

function refused(refusal: ApprovalRefusal): CibaRefusal {
  switch (refusal.kind) {
    case 'denied':
    case 'no-credential':
      return new CibaRefusal(403, 'Policies do not allow this user to log in here');
    case 'too-often':
    case 'limited':
      return new CibaRefusal(429, 'Policies allow no more logins of this user now');
    case 'not-asked':
      return refusal.reason === 'wrong-identity'
        ? new CibaRefusal(403, 'This subject belongs to another user')
        : new CibaRefusal(404, 'No phone of this user can be asked');
    default:
      return refusal satisfies never;
  }
}
