import type { Context } from 'koa';
import { z } from 'zod';
import { isAddress, isInNetwork, type Network, namedAddress, readNetwork } from '../../foundation/wire/networks.ts';
import type { RouteOf } from './address.ts';
import { requestParam } from './asker.ts';

/**
 * privacyIDEA's syntax for proxies: `10.0.0.1 > 192.168.0.0/24, 172.16.0.0/16`; without `>` a proxy may name any
 * client.
 */
export const clientOverride = z
  .string()
  .refine((text) => pathsOf(text) !== undefined, 'expected proxies such as 10.0.0.1 > 192.168.0.0/24');

/**
 * Reads the user's address for policies, as named by the proxies in `override`: from the listener's header
 * (`X-Forwarded-For`) or, last in the chain, the parameter `client`. Each `>` extends the trust by one hop. Addresses
 * beyond an unreadable one are ignored. Never used to recognise the caller.
 * @see docs/protocols/privacyidea.md 2 point 6
 */
export function clientReader(routeOf: RouteOf, override: string): (ctx: Context) => string {
  const paths = pathsOf(override) ?? [];
  return (ctx) => {
    const told = namedAddress(requestParam(ctx, 'client') ?? '');
    const { hops, isUnreadable, isCut } = routeOf(ctx);
    if (isUnreadable) return hops[0];
    const route = [...hops, ...(told === undefined || isCut ? [] : [told])];
    return route[Math.max(0, ...paths.map((path) => reach(path, route)))] ?? '';
  };
}

/** How many hops of the route this path of proxies covers. */
function reach(path: readonly (Network | 'any')[], route: readonly string[]): number {
  const first = path.findIndex((network, step) => !isIn(network, route[step]));
  return (first < 0 ? path.length : first) - 1;
}

function isIn(network: Network | 'any', address: string | undefined): boolean {
  if (address === undefined || !isAddress(address)) return false;
  return network === 'any' || isInNetwork(address, network);
}

function pathsOf(text: string): (Network | 'any')[][] | undefined {
  const entries = text.split(',').filter((entry) => entry.trim() !== '');
  const paths = entries.map((entry) => entry.split('>').map((part) => readNetwork(part.trim())));
  const known = paths.map((path) => path.filter((network) => network !== undefined));
  if (known.some((path, index) => path.length !== paths[index]?.length)) return undefined;
  return known.map((path) => (path.length === 1 ? [...path, 'any'] : path));
}
