import type { Context } from 'koa';
import { GatewayFault, systemCode } from '../../foundation/model/index.ts';
import { type Log, type Metrics, thrownFields } from '../../foundation/telemetry/index.ts';
import { stateOf } from './state.ts';

/**
 * Counts and logs an error of a handler: a fault of the surroundings in one line, since every request meets it; a
 * defect with its stack.
 */
export function report({ log, metrics }: { log: Log; metrics: Metrics }, ctx: Context, error: unknown): void {
  metrics.requestFaults.inc({ cause: error instanceof GatewayFault ? error.code : 'defect' });
  const { requestId } = stateOf(ctx);
  log.error({ ...thrownFields(error), requestId }, error instanceof GatewayFault ? 'a request could not be answered' : 'a handler failed');
}

/** Error codes of a connection whose client went away. */
const hangUps = ['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'];

/** Logs a reply that could not be sent. Clients that hang up are normal and logged at debug level. */
export function reportUnsent(log: Log, error: unknown): void {
  const reason = systemCode(error);
  if (hangUps.includes(reason)) log.debug({ reason }, 'a client hung up before its reply');
  else log.warn({ err: error }, 'a reply could not be sent');
}
