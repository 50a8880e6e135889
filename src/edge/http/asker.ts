import type { Context } from 'koa';
import type { Asker } from '../../engine/index.ts';

const longestUserAgent = 256;
const kept = (name: string): boolean => !/authorization|cookie|key|token/.test(name);

/** Who asks, as policies see it: what the dialect knows of the caller, and what the request says of itself. No header with a credential is among it. */
export function askerOf(ctx: Context, who: Pick<Asker, 'authServer' | 'dialect' | 'client'>): Asker {
  const headers = Object.entries(ctx.headers).flatMap(([name, value]) =>
    kept(name) && value !== undefined ? [[name, [value].flat().join(', ')]] : [],
  );
  return { ...who, userAgent: ctx.get('user-agent').slice(0, longestUserAgent), headers: Object.fromEntries(headers) };
}
