import type { Context } from 'koa';
import { ActForbidden, type FaultCode, GatewayFault, NotNow, Overloaded, RefusedText } from '../../../foundation/model/index.ts';
import type { FallbackReplies } from '../../http/index.ts';

/** Why a call of the operator's interface is refused. */
export type OperatorRefusal =
  | 'bad-request'
  | 'no-authorization'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'conflict'
  | 'too-large';

/** A refusal; `message` is for the operator and holds no secret. */
export class OperatorFault extends Error {
  readonly code: OperatorRefusal;
  constructor(code: OperatorRefusal, message: string) {
    super(message);
    this.code = code;
  }
}

const statuses: Record<OperatorRefusal | FaultCode | 'turned-away' | 'overloaded' | 'defect', number> = {
  'bad-request': 400,
  'no-authorization': 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  'too-large': 413,
  'turned-away': 429,
  overloaded: 503,
  'config-invalid': 500,
  defect: 500,
  'store-unavailable': 503,
  'directory-unavailable': 503,
};

function refuse(ctx: Context, code: keyof typeof statuses, message: string): void {
  ctx.status = statuses[code];
  ctx.body = { error: { code, message } };
}

/** Replies of the operator's interface for unmatched routes and thrown errors. */
export const operatorFallback: FallbackReplies = {
  notFound: (ctx) => refuse(ctx, 'not-found', 'There is nothing here.'),
  methodNotAllowed: (ctx) => refuse(ctx, 'method-not-allowed', `${ctx.method} is not allowed here.`),
  error(ctx, error) {
    if (error instanceof OperatorFault) refuse(ctx, error.code, error.message);
    else if (error instanceof ActForbidden) refuse(ctx, 'forbidden', error.message);
    else if (error instanceof RefusedText) refuse(ctx, 'bad-request', error.message);
    else if (error instanceof NotNow) refuse(ctx, error instanceof Overloaded ? 'overloaded' : 'turned-away', error.message);
    else if (error instanceof GatewayFault && error.code === 'store-unavailable') refuse(ctx, error.code, 'The store cannot be reached.');
    else if (error instanceof GatewayFault && error.code === 'directory-unavailable') refuse(ctx, error.code, `${error.message}.`);
    else refuse(ctx, 'defect', 'Internal error; see the log under the id of this request.');
    return ![OperatorFault, ActForbidden, RefusedText, NotNow].some((refusal) => error instanceof refusal);
  },
};
