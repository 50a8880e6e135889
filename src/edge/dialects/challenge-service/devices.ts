import type { Context } from 'koa';
import { z } from 'zod';
import { type DeviceFacts, type Registrant, readAddress } from '../../../engine/index.ts';
import { readSpki } from '../../../foundation/crypto/index.ts';
import { tellCallerRefused } from '../../http/index.ts';
import { adminOf, authServerOf, bodyOf, type ChallengeServiceParts, parsed } from './parts.ts';
import { ChallengeServiceFault, reply } from './replies.ts';

const AddressBody = z
  .strictObject({ kind: z.enum(['fcm', 'apns', 'webpush']), value: z.string().min(1) })
  .transform(({ kind, value }, context) => {
    const read = readAddress(kind, value);
    if (read.ok) return { kind, value: read.value };
    context.addIssue({ code: 'custom', path: ['value'], message: read.error });
    return z.NEVER;
  });

/** The body that registers or changes a relay device. */
export const DeviceBody = z.strictObject({
  address: AddressBody.optional(),
  platform: z
    .string()
    .regex(/^[\x20-\x7e]{1,64}$/)
    .optional(),
  publicKey: z.string().max(2048).refine(isUsableKey).optional(),
  /** Administrators only: the auth server that owns the device. */
  owner: z.string().min(1).max(64).optional(),
});

/** The one refusal for phones, whatever the reason. */
const strange = (): ChallengeServiceFault => new ChallengeServiceFault(401, 'Not signed by the key of this device');
const gdaOf = (ctx: Context): string => {
  const gda = String(ctx.params.gda);
  if (gda.length > 1024) throw new ChallengeServiceFault(400, 'The gda is too long');
  return gda;
};

/**
 * `PUT /v1/devices/:gda`: registers or changes a relay device: by its auth server, an administrator, or the phone with
 * its key.
 */
export async function registerDevice(parts: ChallengeServiceParts, ctx: Context): Promise<void> {
  const body = await bodyOf(ctx);
  const by = await registrantOf(parts, ctx, body);
  const { owner: _named, address, platform, publicKey } = parsed(body, DeviceBody);
  const facts: DeviceFacts = { ...(address ? { address } : {}), ...(platform ? { platform } : {}), ...(publicKey ? { publicKey } : {}) };
  refuseUnlessDone(parts, ctx, { done: await parts.engine.relay.putDevice(gdaOf(ctx), facts, by), by });
  reply(ctx, 200, 'Registered');
}

/** `DELETE /v1/devices/:gda`. */
export async function forgetDevice(parts: ChallengeServiceParts, ctx: Context): Promise<void> {
  const by = await registrantOf(parts, ctx, await bodyOf(ctx));
  refuseUnlessDone(parts, ctx, { done: await parts.engine.relay.removeDevice(gdaOf(ctx), by), by });
  reply(ctx, 200, 'Forgotten');
}

type Changed = { done: 'put' | 'removed' | 'refused' | 'busy'; by: Registrant };

function refuseUnlessDone(parts: ChallengeServiceParts, ctx: Context, { done, by }: Changed): void {
  if (done === 'busy') throw new ChallengeServiceFault(503, 'Others change this device; try again');
  if (done !== 'refused') return;
  if (by.kind === 'phone') throw strange();
  tellCallerRefused(parts, ctx, { authServer: by.name, reason: 'not-theirs' });
  throw new ChallengeServiceFault(403, 'This gda is not a device of this auth server');
}

async function registrantOf(parts: ChallengeServiceParts, ctx: Context, body: Buffer): Promise<Registrant> {
  if (ctx.get('pushgate-signature') !== '') {
    const { at } = await phoneOf(parts, ctx, body);
    return { kind: 'phone', at };
  }
  if (await adminOf(parts, ctx)) {
    const named = body.length > 0 ? parsed(body, DeviceBody).owner : ctx.query.owner;
    if (typeof named !== 'string') throw new ChallengeServiceFault(400, 'Missing or wrong: owner');
    return { kind: 'auth-server', name: named };
  }
  return { kind: 'auth-server', name: (await authServerOf(parts, ctx)).server.name };
}

async function phoneOf({ engine, clientAddress }: ChallengeServiceParts, ctx: Context, body: Buffer) {
  const at = Number(ctx.get('pushgate-timestamp'));
  const signature = ctx.get('pushgate-signature');
  const request = { method: ctx.method, gda: gdaOf(ctx), at, body, signature, source: clientAddress(ctx) };
  const device = Number.isSafeInteger(at) && signature !== '' ? await engine.relay.signedDevice(request) : undefined;
  if (!device) throw strange();
  return { device, at };
}

/** `GET /v1/devices/:gda/challenges`: the waiting challenges of a phone, which signs the request. */
export async function pollChallenges(parts: ChallengeServiceParts, ctx: Context): Promise<void> {
  const { device } = await phoneOf(parts, ctx, Buffer.alloc(0));
  const waiting = await parts.engine.relay.waitingFor(device);
  const challenges = waiting.map(({ foreignId, decision }) => ({
    transactionId: foreignId,
    challenge: decision.challenges[0]?.payload,
    expiresAt: new Date(decision.answerUntil).toISOString(),
  }));
  ctx.body = { challenges };
}

const mostAtOnce = 1000;
/** The largest time value of a Date. */
const lastMoment = 8.64e15;
const isMoment = (ms: number): boolean => Number.isSafeInteger(ms) && Math.abs(ms) <= lastMoment;

/**
 * `GET /v1/devices/dead?since=…`: the devices of this auth server whose address died at or after that time (ISO 8601 or
 * epoch ms), oldest first.
 */
export async function listDead(parts: ChallengeServiceParts, ctx: Context): Promise<void> {
  const { server } = await authServerOf(parts, ctx);
  const text = String(ctx.query.since ?? 0);
  const since = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (!isMoment(since)) throw new ChallengeServiceFault(400, 'Missing or wrong: since');
  const dead = await parts.engine.relay.deadDevices(server.name, { since }, mostAtOnce);
  const iso = (moment: number): string => new Date(moment).toISOString();
  const devices = dead.map(({ gda, platform, deadSince = 0, addresses }) => ({
    gda,
    platform,
    kinds: addresses.filter((address) => address.deadSince !== undefined).map(({ kind }) => kind),
    deadSince: iso(deadSince),
  }));
  ctx.body = { devices, next: devices.at(-1)?.deadSince ?? iso(since) };
}

/** Accepts Ed25519, RSA of at least 2048 bits, and EC: SPKI DER in base64. */
function isUsableKey(text: string): boolean {
  const key = readSpki(text);
  if (key?.asymmetricKeyType === 'rsa') return (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
  return key?.asymmetricKeyType === 'ed25519' || key?.asymmetricKeyType === 'ec';
}
