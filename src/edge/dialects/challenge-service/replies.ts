import type { Context } from 'koa';
import { GatewayFault, NotNow, Overloaded, RefusedText } from '../../../foundation/model/index.ts';
import { reasonPhrase } from '../../../foundation/wire/index.ts';
import type { FallbackReplies } from '../../http/index.ts';

/**
 * The reaction to a push that no provider takes: a 503 reply, or closing the connection, since LinOTP only then tries
 * its next URL.
 */
export type WhenDown = '503' | 'drop';

/**
 * A refusal. `reason` becomes the reason phrase, which is all that LinOTP keeps; it goes to LinOTP's log and holds no
 * secret.
 */
export class ChallengeServiceFault extends Error {
  readonly status: number;
  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

/** No provider takes the push now. */
export class NobodyTakesIt extends Error {}

/** Replies with a status and a reason phrase, repeated as text. @see docs/protocols/linotp.md 3.3 */
export function reply(ctx: Context, status: number, reason = reasonPhrase(status) ?? ''): void {
  ctx.status = status;
  // May contain a provider's message; a status line has printable ASCII only.
  ctx.message = reason.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
  ctx.type = 'text/plain';
  ctx.body = `${ctx.message}\n`;
}

/** Replies for unmatched routes and thrown errors. */
export const challengeServiceFallback = (whenDown: WhenDown): FallbackReplies => ({
  notFound: (ctx) => reply(ctx, 404),
  methodNotAllowed: (ctx) => reply(ctx, 405),
  error(ctx, error) {
    if (error instanceof ChallengeServiceFault) reply(ctx, error.status, error.message);
    else if (error instanceof RefusedText) reply(ctx, 400, error.message);
    else if (error instanceof Overloaded || error instanceof NobodyTakesIt) down(ctx, whenDown, error.message);
    else if (error instanceof NotNow) reply(ctx, 429, error.message);
    else if (error instanceof GatewayFault && error.code === 'store-unavailable') down(ctx, whenDown, 'The store cannot be reached');
    else reply(ctx, 500, 'Internal error');
    return ![ChallengeServiceFault, RefusedText, NotNow, NobodyTakesIt].some((refusal) => error instanceof refusal);
  },
});

function down(ctx: Context, whenDown: WhenDown, reason: string): void {
  reply(ctx, 503, reason);
  if (whenDown === '503') return;
  ctx.respond = false;
  ctx.req.socket.destroy();
}
