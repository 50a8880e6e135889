import type { Context } from 'koa';
import { GatewayFault, NotNow, Overloaded, RefusedText } from '../../../foundation/model/index.ts';
import { reasonPhrase } from '../../../foundation/wire/index.ts';
import type { FallbackReplies } from '../../http/index.ts';

/** What is done with a push that nobody takes: a reply, or no reply at all, since LinOTP goes on to its next URL only then. */
export type WhenDown = '503' | 'drop';

/** A refusal on its way to the reply. `reason` becomes the reason phrase, all that LinOTP keeps of it, and ends in its log: no secret is in it. */
export class ChallengeServiceFault extends Error {
  readonly status: number;
  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

/** Nobody takes the push now. */
export class NobodyTakesIt extends Error {}

/** Replies with a status, its reason phrase, and the same as text. @see docs/protocols/linotp.md 3.3 */
export function reply(ctx: Context, status: number, reason = reasonPhrase(status) ?? ''): void {
  ctx.status = status;
  // What a provider said of itself may come in here: a status line has printable ASCII only.
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
