import type { Context } from 'koa';
import type { Asker } from '../../engine/index.ts';
import { longestMatched } from '../../foundation/patterns/index.ts';
import { isSecretHeader, isSecretParam } from '../../policy/index.ts';
import { stateOf } from './state.ts';

const longestAction = 256;

/**
 * Notes the parameters of a request for policies, trimmed and without secrets. A text over the match limit is cut just
 * beyond that limit, so that it is refused as too long.
 */
export function noteParams(ctx: Context, values: ReadonlyMap<string, unknown>): void {
  const texts = [...values].flatMap(([name, value]): [string, string][] =>
    !isSecretParam(name) && (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      ? [
          [
            name,
            String(value)
              .trim()
              .slice(0, longestMatched + 1),
          ],
        ]
      : [],
  );
  stateOf(ctx).params = new Map(texts);
}

/** One noted parameter of a request. */
export const requestParam = (ctx: Context, name: string): string | undefined => stateOf(ctx).params?.get(name);

/**
 * The caller as policies see it: what the dialect knows of it, and what the request says. Headers with credentials are
 * left out.
 */
export function askerOf(
  ctx: Context,
  who: Pick<Asker, 'authServer' | 'realms' | 'dialect' | 'client' | 'toldClient' | 'mount' | 'flavour'>,
): Asker {
  return {
    ...who,
    requestId: stateOf(ctx).requestId,
    action: ctx.path.slice(0, longestAction),
    userAgent: ctx.get('user-agent'),
    headers: headersOf(ctx),
    params: Object.fromEntries(stateOf(ctx).params ?? []),
  };
}

/** The user's effective address for policies, and whether the auth server sent it. */
export function clientsOf(
  { userAddress, clientAddress }: { userAddress: (ctx: Context) => string; clientAddress: (ctx: Context) => string },
  ctx: Context,
): Pick<Asker, 'client' | 'toldClient'> {
  const client = userAddress(ctx);
  return { client, toldClient: client === clientAddress(ctx) ? undefined : client };
}

const gathered = new WeakMap<object, Readonly<Record<string, string>>>();

/** The headers of a request for policies, gathered once: a login reads them many times. */
function headersOf({ req, headers }: Context): Readonly<Record<string, string>> {
  const known = gathered.get(req);
  if (known) return known;
  const shown = Object.entries(headers).flatMap(([name, value]) =>
    !isSecretHeader(name) && value !== undefined ? [[name, [value].flat().join(', ')]] : [],
  );
  const fresh = Object.fromEntries(shown);
  gathered.set(req, fresh);
  return fresh;
}
