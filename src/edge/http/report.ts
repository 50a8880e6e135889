import type { Context } from 'koa';
import { GatewayFault, systemCode } from '../../foundation/model/index.ts';
import { type Log, type Metrics, thrownFields } from '../../foundation/telemetry/index.ts';
import { stateOf } from './state.ts';

/** Counts and logs what a handler threw: broken surroundings in one line, since every request meets them; a defect with the place it comes from. */
export function report({ log, metrics }: { log: Log; metrics: Metrics }, ctx: Context, error: unknown): void {
  metrics.requestFaults.inc({ cause: error instanceof GatewayFault ? error.code : 'defect' });
  const { requestId } = stateOf(ctx);
  log.error({ ...thrownFields(error), requestId }, error instanceof GatewayFault ? 'a request could not be answered' : 'a handler failed');
}

/** What a connection ends with whose client went away. */
const hangUps = ['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'];

/** Logs a reply that could not be sent. Clients hang up all day, and nobody has to look. */
export function reportUnsent(log: Log, error: unknown): void {
  const reason = systemCode(error);
  if (hangUps.includes(reason)) log.debug({ reason }, 'a client hung up before its reply');
  else log.warn({ err: error }, 'a reply could not be sent');
}
