import type { Context } from 'koa';
import { type Clock, GatewayFault } from '../../../foundation/model/index.ts';
import type { SecondDecoding } from '../../access/index.ts';
import type { FallbackReplies } from '../../http/index.ts';
import { asPiFault, errorLines } from './errors.ts';
import { errorDetail, flavouredText, type PiFlavour } from './flavour.ts';

/**
 * The emulated product: its name and version in the envelope, its flavour, and the clock for `time`. `secondDecoding`
 * returns the auth server's rule for decoding values; by default the User-Agent decides.
 */
export type PiProduct = {
  name: string;
  version: string;
  flavour: PiFlavour;
  clock: Clock;
  secondDecoding?: (ctx: Context) => Promise<SecondDecoding | undefined>;
};

/**
 * A reply: `id` 2 carries `authentication`; without `detail` the envelope has none. `accepted` is the login's result,
 * when `value` is not a boolean. `isBare` omits the detail from the reply, but `authentication` still takes it into
 * account.
 */
export type PiReplyBody = {
  id: 1 | 2;
  value: unknown;
  accepted?: boolean;
  detail?: Readonly<Record<string, unknown>>;
  isBare?: boolean;
};

const texts = {
  'store-unavailable': 'Store unavailable',
  'directory-unavailable': 'User directory unavailable',
  'config-invalid': 'Server misconfigured',
  defect: 'Internal error',
};

/** Sends a success. @see docs/protocols/privacyidea.md 1.1 */
export function sendPi(ctx: Context, product: PiProduct, { id, value, accepted, detail, isBare = false }: PiReplyBody): void {
  ctx.status = 200;
  ctx.set('cache-control', 'no-cache');
  ctx.body = {
    id,
    jsonrpc: '2.0',
    result: { status: true, value, authentication: id === 2 ? resultAuthentication(accepted ?? value, detail) : undefined },
    detail: detail && !isBare ? { ...detail, threadid: process.pid } : undefined,
    version: `${product.name} ${product.version}`,
    versionnumber: product.version,
    ...common(ctx, product),
  };
}

/** The `result.authentication` of a value and its detail. @see docs/protocols/privacyidea.md 1.3 */
export function resultAuthentication(
  value: unknown,
  detail: Readonly<Record<string, unknown>> = {},
): 'ACCEPT' | 'CHALLENGE' | 'DECLINED' | 'REJECT' {
  const { multi_challenge: challenges, challenge_status: status } = detail;
  if (Array.isArray(challenges) && challenges.length > 0) return 'CHALLENGE';
  if (value) return 'ACCEPT';
  return status === 'declined' || status === 'cancelled' ? 'DECLINED' : 'REJECT';
}

/** Replies for unmatched routes and thrown errors. */
export function piFallback(product: PiProduct): FallbackReplies {
  return {
    notFound(ctx) {
      ctx.status = 404;
      ctx.body = { error: 'Not found' };
    },
    methodNotAllowed: (ctx) => sendError(ctx, product, 'method', `Method ${ctx.method} is not allowed here.`),
    error(ctx, error) {
      const fault = asPiFault(error);
      if (fault) {
        sendError(ctx, product, fault.kind, fault.message, fault.code);
        return false;
      }
      const kind = error instanceof GatewayFault ? error.code : 'defect';
      sendError(ctx, product, kind, texts[kind]);
      return true;
    },
  };
}

function sendError(ctx: Context, product: PiProduct, kind: keyof typeof errorLines, message: string, instead?: number): void {
  const [status, usual, usuallyPrefixed] = errorLines[kind];
  const text = flavouredText(product.flavour, message);
  const [code, prefixed] = instead === undefined ? [usual, usuallyPrefixed] : [instead, false];
  ctx.status = status;
  ctx.set('cache-control', 'no-cache');
  ctx.body = {
    id: 1,
    jsonrpc: '2.0',
    detail: errorDetail(product.flavour, kind, status),
    result: { status: false, error: { code, message: prefixed ? `ERR${code}: ${text}` : text } },
    version: `${product.name} ${product.version}`,
    ...common(ctx, product),
  };
}

/** The fields of every envelope: the time, and the request's nonce if any. */
const common = (ctx: Context, { clock }: PiProduct): object => ({ time: clock() / 1000, nonce: piStateOf(ctx).piNonce });

/** Keeps the nonce of a request for its envelope. */
export function noteNonce(ctx: Context, nonce: string): void {
  piStateOf(ctx).piNonce = nonce;
}

/** This format's notes about a request. */
const piStateOf = (ctx: Context): { piNonce?: string } => ctx.state;
