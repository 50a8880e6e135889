import type { Context } from 'koa';
import { GatewayFault } from '../../foundation/model/index.ts';
import type { Log } from '../../foundation/telemetry/index.ts';
import { stateOf } from './state.ts';

/** Logs what a handler threw: broken surroundings in one line, since every request meets them; a defect with the place it comes from. */
export function report(log: Log, ctx: Context, error: unknown): void {
  const { requestId } = stateOf(ctx);
  if (error instanceof GatewayFault) log.error({ reason: error.message, code: error.code, requestId }, 'a request could not be answered');
  else log.error({ err: error, requestId }, 'a handler failed');
}
