import type { Context } from 'koa';
import type { CallerRequest } from '../access/index.ts';

/** A request as those who look for a credential see it. `bearer`: what its Authorization header says, empty where that belongs to an administrator. */
export const callerRequest = (ctx: Context, address: string, bearer: string): CallerRequest => ({
  address,
  bearer,
  header: (name) => ctx.get(name),
  method: ctx.method,
  target: ctx.originalUrl,
  body: () => (ctx.state.rawBody instanceof Buffer ? ctx.state.rawBody : Buffer.alloc(0)),
});
