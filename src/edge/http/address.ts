import ipaddr from 'ipaddr.js';
import type { Context } from 'koa';

/**
 * Reads the address that a request counts as coming from: the socket's, or, where that is a trusted proxy's, the last address in
 * `X-Forwarded-For` that is not. IPv4-mapped addresses count as IPv4.
 */
export function addressReader(trustedProxies: readonly string[]): (ctx: Context) => string {
  const trusted = trustedProxies.map((network) => ipaddr.parseCIDR(network));
  const isTrusted = (address: string): boolean => {
    const ip = ipaddr.isValid(address) ? ipaddr.process(address) : undefined;
    return ip !== undefined && trusted.some(([range, bits]) => range.kind() === ip.kind() && ip.match(range, bits));
  };
  return (ctx) => {
    const forwarded = ctx
      .get('x-forwarded-for')
      .split(',')
      .map((part) => part.trim());
    let address = normal(ctx.req.socket.remoteAddress ?? '');
    while (isTrusted(address)) {
      const next = normal(forwarded.pop() ?? '');
      if (!ipaddr.isValid(next)) break;
      address = next;
    }
    return address;
  };
}

const normal = (address: string): string => (ipaddr.isValid(address) ? ipaddr.process(address).toString() : address);
