import type { Context } from 'koa';
import type { Asker, Engine, RolloutRefusal } from '../../../engine/index.ts';
import type { Transaction } from '../../../foundation/model/index.ts';
import { PiFault, type PiFlavour, type PiParams, type PiProduct, readPiRequest, sendPi } from '../../formats/privacyidea/index.ts';
import { askerOf, type GuardedPattern, mute, type Route } from '../../http/index.ts';
import { masked } from './masked.ts';
import type { Pipush } from './protocol.ts';
import { inLines } from './signature.ts';
import { checkTimestamp, notInRange } from './timestamp.ts';

/** The parts of the phone routes. */
export type PipushParts = {
  engine: Engine;
  pipush: Pipush;
  clientAddress: (ctx: Context) => string;
  product: PiProduct;
  mount: { path: string };
};

const pollWindowMs = 60_000;
const addressWindowMs = 300_000;

/** The routes for phones of this protocol. */
export const pipushPatterns: readonly GuardedPattern[] = [{ methods: ['GET', 'POST'], path: '/ttype/:type', needs: 'phone' }];

/**
 * `GET|POST /ttype/push`, with eduMFA also `/ttype/edupush`: rollout, answer, address update or poll, depending on the
 * fields (docs/protocols/privacyidea.md 5).
 */
export const pipushRoutes = (parts: PipushParts): Route[] =>
  pipushPatterns.map((pattern) => ({
    ...pattern,
    handle: (ctx) =>
      masked(
        parts.engine,
        () => askerFor(parts, ctx),
        () => handle(parts, ctx),
      ),
  }));

/** The token types with a phone endpoint. */
const types: Record<PiFlavour, readonly string[]> = { privacyidea: ['push'], edumfa: ['push', 'edupush'] };

async function handle(mountParts: PipushParts, ctx: Context): Promise<void> {
  const { flavour } = mountParts.product;
  const params = await readPiRequest(ctx, mountParts.product);
  const type = params.required('type');
  if (!types[flavour].includes(type)) throw new PiFault('parameter', `Invalid tokentype provided. ttype: ${type}`);
  const parts = { ...mountParts, pipush: { ...mountParts.pipush, types: [type] } };
  if (ctx.method !== 'POST') return poll(parts, ctx, params);
  const serial = params.required('serial');
  if (params.text('fbtoken') !== undefined && params.text('pubkey') !== undefined) return rollout(parts, ctx, params, serial);
  const namesChallenge = flavour === 'privacyidea' || params.text('nonce') !== undefined;
  if (params.text('signature') !== undefined && params.text('new_fb_token') === undefined && namesChallenge)
    return answer(parts, ctx, params, serial);
  if (params.text('signature') !== undefined && params.text('timestamp') !== undefined) return updateAddress(parts, ctx, params, serial);
  throw new PiFault('parameter', 'Missing parameters!');
}

async function rollout(
  { engine, pipush, clientAddress, product }: PipushParts,
  ctx: Context,
  params: PiParams,
  serial: string,
): Promise<void> {
  const done = await engine.tokens.completeRollout(pipush, {
    serial,
    credential: params.text('enrollment_credential'),
    rollout: {
      pubkey: params.required('pubkey'),
      fbtoken: addressFrom(params, 'fbtoken'),
      ...said(params),
    },
    source: clientAddress(ctx),
  });
  if (!done.ok) throw rolloutFault(done.error);
  sendPi(ctx, product, {
    id: 1,
    value: true,
    detail: { public_key: inLines(done.value.serverPublicKey), rollout_state: 'enrolled', serial },
  });
}

const said = (params: PiParams) => ({ capabilities: params.text('capabilities') });

const longestAddress = 4096;

function addressFrom(params: PiParams, name: string): string {
  const address = params.required(name);
  if (address.length > longestAddress) throw new PiFault('parameter', `Parameter ${name} has more than ${longestAddress} characters.`);
  return address;
}

function rolloutFault(refusal: RolloutRefusal): PiFault {
  switch (refusal.kind) {
    case 'not-waiting':
      return new PiFault('not-found', "No token with this serial number in the rollout state 'clientwait'.");
    case 'no-credential':
      return new PiFault('parameter', 'Missing parameter: enrollment_credential');
    case 'wrong-credential':
      return new PiFault('parameter', 'Invalid enrollment credential. You are not authorized to finalize this token.');
    case 'keys':
      return new PiFault('parameter', refusal.reason);
    default:
      return refusal satisfies never;
  }
}

async function answer(
  { engine, pipush, clientAddress, product }: PipushParts,
  ctx: Context,
  params: PiParams,
  serial: string,
): Promise<void> {
  const nonce = params.text('nonce');
  const reply = await engine.challenges.answer(pipush, {
    serial,
    handle: nonce,
    answer: {
      nonce,
      signature: params.required('signature'),
      decline: params.flag('decline'),
      reason: params.text('decline_reason'),
      option: params.text('presence_answer'),
    },
    source: clientAddress(ctx),
  });
  if (reply.kind === 'unknown-token') throw new PiFault('not-found', 'The requested token could not be found.');
  const detail =
    reply.kind === 'code-shown' ? { detail: { display_code: reply.code, message: codeMessage(engine, reply.transaction) } } : {};
  if (reply.kind === 'turned-away') mute(ctx);
  sendPi(ctx, product, { id: 1, value: reply.kind !== 'refused' && reply.kind !== 'turned-away', ...detail });
}

/** The phone's text beside a code. */
function codeMessage({ policy, facts }: Engine, { authServer, dialect, user, realm }: Transaction): string {
  const asked = facts({ authServer, dialect, client: '', userAgent: '' }, { user, realm });
  return policy.value('push_code_to_phone_message', asked) ?? 'Enter the code to log in';
}

async function poll(parts: PipushParts, ctx: Context, params: PiParams): Promise<void> {
  const { engine, pipush, product } = parts;
  const asker = askerFor(parts, ctx);
  const isDenied = engine.policy.value('push_allow_polling', { ...engine.facts(asker), tokenType: params.required('type') }) === 'deny';
  if (isDenied) throw new PiFault('policy', 'Polling not allowed!');
  const serial = params.required('serial');
  const timestamp = params.required('timestamp');
  const signature = params.required('signature');
  checkTime(timestamp, engine.clock(), pollWindowMs);
  const reply = await engine.challenges.poll(pipush, { serial, message: { timestamp, signature, ...said(params) }, asker });
  if (reply.kind === 'not-allowed') throw new PiFault('policy', 'Polling not allowed!');
  if (reply.kind !== 'challenges') throw notSigned(ctx, reply.kind);
  sendPi(ctx, product, { id: 1, value: reply.payloads.map((payload): unknown => JSON.parse(payload)) });
}

async function updateAddress(parts: PipushParts, ctx: Context, params: PiParams, serial: string): Promise<void> {
  const { engine, pipush, product } = parts;
  const timestamp = params.required('timestamp');
  checkTime(timestamp, engine.clock(), addressWindowMs);
  const message = { address: addressFrom(params, 'new_fb_token'), timestamp, signature: params.required('signature'), ...said(params) };
  const reply = await engine.challenges.updateAddress(pipush, { serial, message, asker: askerFor(parts, ctx) });
  if (reply === 'stale') throw new PiFault('generic', notInRange(timestamp));
  if (reply !== 'updated' && reply !== 'repeated') throw notSigned(ctx, reply);
  sendPi(ctx, product, { id: 1, value: true });
}

/** The same text beyond the rate limit: another refusal would reveal which serials exist. */
function notSigned(ctx: Context, kind: 'refused' | 'turned-away'): PiFault {
  if (kind === 'turned-away') mute(ctx);
  return new PiFault('generic', 'Could not verify signature!');
}

function checkTime(timestamp: string, now: number, windowMs: number): void {
  const checked = checkTimestamp(timestamp, now, windowMs);
  if (!checked.ok) throw new PiFault('generic', checked.error);
}

const askerFor = ({ clientAddress, mount, product: { flavour } }: PipushParts, ctx: Context): Asker =>
  askerOf(ctx, { authServer: '', dialect: 'privacyidea', mount: mount.path, flavour, client: clientAddress(ctx) });
