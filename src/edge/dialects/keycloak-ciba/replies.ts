import type { Context } from 'koa';
import { type FaultCode, GatewayFault, NotNow, Overloaded, RefusedText } from '../../../foundation/model/index.ts';
import type { FallbackReplies } from '../../http/index.ts';

/**
 * A refusal. Keycloak does not tell them apart and passes none on; `message` is for operators who try by hand, and holds
 * no secret.
 */
export class CibaRefusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Replies with an OAuth error. @see docs/protocols/keycloak-ciba.md 4 */
function reply(ctx: Context, status: number, description: string): void {
  ctx.status = status;
  ctx.set('cache-control', 'no-store');
  ctx.body = {
    error: status === 401 ? 'invalid_token' : status >= 500 ? 'server_error' : 'invalid_request',
    error_description: description,
  };
}

const faults: Record<FaultCode, readonly [number, string]> = {
  'store-unavailable': [503, 'The store cannot be reached'],
  'directory-unavailable': [503, 'A user source does not answer'],
  'config-invalid': [500, 'The gateway is configured wrongly'],
};

/** Replies of this dialect for unmatched routes and thrown errors. */
export const keycloakFallback: FallbackReplies = {
  notFound: (ctx) => reply(ctx, 404, 'There is nothing at this path'),
  methodNotAllowed: (ctx) => reply(ctx, 405, 'Only POST is allowed here'),
  error(ctx, error) {
    if (error instanceof CibaRefusal) reply(ctx, error.status, error.message);
    else if (error instanceof RefusedText) reply(ctx, 400, error.message);
    else if (error instanceof NotNow) reply(ctx, error instanceof Overloaded ? 503 : 429, error.message);
    else if (error instanceof GatewayFault) reply(ctx, ...faults[error.code]);
    else reply(ctx, 500, 'Internal error');
    return ![CibaRefusal, RefusedText, NotNow].some((refusal) => error instanceof refusal);
  },
};
