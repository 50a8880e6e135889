import type { Context } from 'koa';
import type { z } from 'zod';
import { isInNetwork, namedAddress, normalAddress, partsOf, readNetworks } from '../../foundation/wire/networks.ts';
import type { listenerConfig } from './listener-config.ts';

/** Whom a listener believes what it says of where a request comes from, and the header that says so. */
export type Proxies = Pick<z.output<typeof listenerConfig>, 'trustedProxies' | 'forwardedHeader'>;

/** Told of a request whose address a trusted proxy names in a form that cannot be read: nobody knows where it comes from. */
export type OnUnreadable = (ctx: Context, proxy: string, text: string) => void;

/**
 * Where a request comes from. `hops`: the address that it counts as, and behind it what the header goes on to say, nearest first and as far as it makes
 * sense. `isUnreadable`: a trusted proxy names something that is no address, so that the first hop is no more than the proxy. `isCut`: so does anybody.
 */
export type Route = { hops: [string, ...string[]]; isUnreadable: boolean; isCut: boolean };

/** Reads the way of a request here. */
export type RouteOf = (ctx: Context) => Route;

/** Reads the address that a request counts as coming from, and the one that its sender may be known by: undefined where that cannot be told. */
export type AddressReaders = { clientAddress: (ctx: Context) => string; networkAddress: (ctx: Context) => string | undefined };

/**
 * Readers of a request's address: the socket's, or, where that is a trusted proxy's, the last address in the header that is not. IPv4-mapped addresses
 * count as IPv4. What a trusted proxy names in a form that cannot be read counts as the proxy's, and leads to nobody who is known by network.
 */
export const addressReaders = (routeOf: RouteOf): AddressReaders => ({
  clientAddress: (ctx) => routeOf(ctx).hops[0],
  networkAddress: (ctx) => {
    const { hops, isUnreadable } = routeOf(ctx);
    return isUnreadable ? undefined : hops[0];
  },
});

/** Reads all that a request says of its way here, once for each request: one login asks for it many times. */
export function routeReader(proxies: Proxies, onUnreadable: OnUnreadable = () => undefined): RouteOf {
  const trusted = readNetworks(proxies.trustedProxies);
  const isTrusted = (address: string): boolean => trusted.some((network) => isInNetwork(address, network));
  const known = new WeakMap<object, Route>();
  const read: RouteOf = (ctx) => {
    const told = toldBy(proxies, ctx);
    const named = told.map(namedAddress);
    const nonsense = named.indexOf(undefined);
    const forwarded = named.slice(0, nonsense < 0 ? undefined : nonsense).filter((each) => each !== undefined);
    let [address, ...others] = [normalAddress(ctx.req.socket.remoteAddress ?? ''), ...forwarded];
    for (let next = others[0]; next !== undefined && isTrusted(address); next = others[0]) {
      address = next;
      others = others.slice(1);
    }
    const unread = told.length === 0 ? strayHeader(proxies, ctx) : told[nonsense];
    const isUnreadable = unread !== undefined && others.length === 0 && isTrusted(address);
    if (isUnreadable) onUnreadable(ctx, address, unread);
    return { hops: [address, ...others], isUnreadable, isCut: nonsense >= 0 };
  };
  return (ctx) => {
    const route = known.get(ctx.req) ?? read(ctx);
    known.set(ctx.req, route);
    return route;
  };
}

/** What the header says, nearest first. */
function toldBy({ forwardedHeader }: Proxies, ctx: Context): string[] {
  const told = forwardedHeader === 'Forwarded' ? partsOf(ctx.get('forwarded'), ',') : ctx.get('x-forwarded-for').split(',');
  return told
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .reverse();
}

/** The other header, where it comes alone: its proxy is set up otherwise than the listener, and names a client whom nobody reads. */
function strayHeader({ forwardedHeader }: Proxies, ctx: Context): string | undefined {
  const other = forwardedHeader === 'Forwarded' ? 'X-Forwarded-For' : 'Forwarded';
  const text = ctx.get(other);
  return text === '' ? undefined : `${other}: ${text}`;
}

/** Reads whether the browser of a request speaks TLS: to us, or to a trusted proxy that says so in `X-Forwarded-Proto`, or as `proto=` in `Forwarded`. */
export function secureReader(proxies: Proxies): (ctx: Context) => boolean {
  const trusted = readNetworks(proxies.trustedProxies);
  return (ctx) => {
    const peer = normalAddress(ctx.req.socket.remoteAddress ?? '');
    return ctx.secure || (protocolsOf(proxies, ctx).includes('https') && trusted.some((network) => isInNetwork(peer, network)));
  };
}

function protocolsOf({ forwardedHeader }: Proxies, ctx: Context): string[] {
  if (forwardedHeader === 'X-Forwarded-For')
    return ctx
      .get('x-forwarded-proto')
      .toLowerCase()
      .split(',')
      .map((each) => each.trim());
  const parameters = partsOf(ctx.get('forwarded').toLowerCase(), ',').flatMap((each) => partsOf(each, ';'));
  return parameters.flatMap((each) => /^proto\s*=\s*"?([a-z]+)"?$/.exec(each.trim())?.[1] ?? []);
}
