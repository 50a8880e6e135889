import type { Context } from 'koa';
import { isInNetwork, namedAddress, normalAddress, readNetworks } from '../../foundation/wire/networks.ts';

/** Told of a request whose address a trusted proxy names in a form that cannot be read: it counts as the proxy's. */
export type OnUnreadable = (ctx: Context, proxy: string, text: string) => void;

/**
 * Reads the address that a request counts as coming from: the socket's, or, where that is a trusted proxy's, the last address in
 * `X-Forwarded-For` that is not. IPv4-mapped addresses count as IPv4.
 */
export function addressReader(trustedProxies: readonly string[], onUnreadable?: OnUnreadable): (ctx: Context) => string {
  const hops = hopsReader(trustedProxies, onUnreadable);
  return (ctx) => hops(ctx)[0];
}

/** The same address, and behind it what `X-Forwarded-For` goes on to say, nearest first and as far as it makes sense. */
export function hopsReader(
  trustedProxies: readonly string[],
  onUnreadable: OnUnreadable = () => undefined,
): (ctx: Context) => [string, ...string[]] {
  const trusted = readNetworks(trustedProxies);
  const isTrusted = (address: string): boolean => trusted.some((network) => isInNetwork(address, network));
  return (ctx) => {
    const told = ctx.get('x-forwarded-for').split(',').reverse();
    const named = told.map(namedAddress);
    const nonsense = named.indexOf(undefined);
    const forwarded = named.slice(0, nonsense < 0 ? undefined : nonsense).filter((each) => each !== undefined);
    let [address, ...others] = [normalAddress(ctx.req.socket.remoteAddress ?? ''), ...forwarded];
    for (let next = others[0]; next !== undefined && isTrusted(address); next = others[0]) {
      address = next;
      others = others.slice(1);
    }
    const unread = told[nonsense]?.trim() ?? '';
    if (unread !== '' && others.length === 0 && isTrusted(address)) onUnreadable(ctx, address, unread);
    return [address, ...others];
  };
}

/** Reads whether the browser of a request speaks TLS: to us, or to a trusted proxy that says so in `X-Forwarded-Proto`. */
export function secureReader(trustedProxies: readonly string[]): (ctx: Context) => boolean {
  const trusted = readNetworks(trustedProxies);
  return (ctx) => {
    const peer = normalAddress(ctx.req.socket.remoteAddress ?? '');
    const told = ctx.get('x-forwarded-proto').toLowerCase().split(',');
    return ctx.secure || (told.some((each) => each.trim() === 'https') && trusted.some((network) => isInNetwork(peer, network)));
  };
}
