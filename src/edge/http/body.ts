import type { Context } from 'koa';
import getRawBody from 'raw-body';
import { ok, type Result, refused } from '../../foundation/model/index.ts';
import { stateOf } from './state.ts';

/** The largest body that is read. */
export const maxBodyBytes = 65_536;

/**
 * Reads the whole body and keeps its bytes. `broken`: it ended early or had another length than announced. When a
 * dialect refuses a `too-large` body, the reply's status is 413.
 */
export async function readBody(ctx: Context): Promise<Result<Buffer, 'too-large' | 'broken'>> {
  const request = ctx.req;
  const state = stateOf(ctx);
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (length === undefined && coding === undefined) {
    state.rawBody = Buffer.alloc(0);
    return ok(state.rawBody);
  }
  try {
    state.rawBody = await getRawBody(request, { limit: maxBodyBytes, length: length ?? null });
    return ok(state.rawBody);
  } catch (error) {
    const isTooLarge = error instanceof Error && 'type' in error && error.type === 'entity.too.large';
    // Discards the rest, so that the client gets the reply and not a connection reset.
    request.resume();
    state.isTooLarge = isTooLarge;
    return refused(isTooLarge ? 'too-large' : 'broken');
  }
}
