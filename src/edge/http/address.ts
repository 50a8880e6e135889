import type { Context } from 'koa';
import type { z } from 'zod';
import { isInNetwork, namedAddress, normalAddress, partsOf, readNetworks } from '../../foundation/wire/networks.ts';
import type { listenerConfig } from './listener-config.ts';

/** The trusted proxies of a listener, and the header in which they name the client. */
export type Proxies = Pick<z.output<typeof listenerConfig>, 'trustedProxies' | 'forwardedHeader'>;

/** Called when a trusted proxy names an unreadable address. */
export type OnUnreadable = (ctx: Context, proxy: string, text: string) => void;

/**
 * The origin of a request. `hops`: its effective address, followed by earlier addresses from the header, nearest first,
 * up to the first unreadable one. `isUnreadable`: a trusted proxy named an unreadable address, so that the first hop is
 * only the proxy. `isCut`: any part of the header was unreadable.
 */
export type Route = { hops: [string, ...string[]]; isUnreadable: boolean; isCut: boolean };

/** Reads the route of a request. */
export type RouteOf = (ctx: Context) => Route;

/**
 * Read the effective address of a request, and the address for recognition by network: undefined when a proxy sent an
 * unreadable one.
 */
export type AddressReaders = { clientAddress: (ctx: Context) => string; networkAddress: (ctx: Context) => string | undefined };

/**
 * Readers of a request's address: the socket's, or, behind a trusted proxy, the last untrusted address in the header.
 * IPv4-mapped addresses count as IPv4. With an unreadable address from a trusted proxy the request counts as the
 * proxy's, and no auth server is recognised by network.
 */
export const addressReaders = (routeOf: RouteOf): AddressReaders => ({
  clientAddress: (ctx) => routeOf(ctx).hops[0],
  networkAddress: (ctx) => {
    const { hops, isUnreadable } = routeOf(ctx);
    return isUnreadable ? undefined : hops[0];
  },
});

/** Parses a request's route once, since a login reads it many times. */
export function routeReader(proxies: Proxies, onUnreadable: OnUnreadable = () => undefined): RouteOf {
  const trusted = readNetworks(proxies.trustedProxies);
  const isTrusted = (address: string): boolean => trusted.some((network) => isInNetwork(address, network));
  const known = new WeakMap<object, Route>();
  const read: RouteOf = (ctx) => {
    const told = forwardedAddresses(proxies, ctx);
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

/** The addresses in the header, nearest first. */
function forwardedAddresses({ forwardedHeader }: Proxies, ctx: Context): string[] {
  const told = forwardedHeader === 'Forwarded' ? partsOf(ctx.get('forwarded'), ',') : ctx.get('x-forwarded-for').split(',');
  return told
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .reverse();
}

/**
 * The header of the other kind, if only that is present: the proxy and the listener are configured differently, so its
 * client is not read.
 */
function strayHeader({ forwardedHeader }: Proxies, ctx: Context): string | undefined {
  const other = forwardedHeader === 'Forwarded' ? 'X-Forwarded-For' : 'Forwarded';
  const text = ctx.get(other);
  return text === '' ? undefined : `${other}: ${text}`;
}

/**
 * Reads whether the client speaks TLS to us, or to a trusted proxy that says so in `X-Forwarded-Proto`, or as `proto=`
 * in `Forwarded`.
 */
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
