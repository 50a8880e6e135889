import ipaddr from 'ipaddr.js';
import { openCache } from '../foundation/cache/index.ts';

/** An address list that was read once. */
export type AddressMatch = (address: string) => { found: boolean; excluded: boolean };

/** Whether an entry names an address or a network, perhaps behind `!` or `-`. */
export function isAddressEntry(entry: string): boolean {
  const name = entry.replace(/^[!-]/, '');
  return ipaddr.isValidCIDR(name) || ipaddr.isValid(name);
}

/** Reads a list of addresses and networks; `!x` and `-x` exclude. IPv4-mapped addresses count as IPv4. @see docs/protocols/privacyidea.md 11.1 */
export function addressMatch(list: readonly string[]): AddressMatch {
  const entries = list.map((entry) => ({ excludes: /^[!-]/.test(entry), range: rangeOf(entry.replace(/^[!-]/, '')) }));
  return (address) => {
    const ip = parsed(address);
    if (!ip) return { found: false, excluded: false };
    const hits = entries.filter(({ range: [network, bits] }) => network.kind() === ip.kind() && ip.match(network, bits));
    return { found: hits.some(({ excludes }) => !excludes), excluded: hits.some(({ excludes }) => excludes) };
  };
}

type Address = ReturnType<typeof ipaddr.process>;

/** One login asks about its client's address once for each rule and action. */
const addresses = openCache<Address>(1000);

function parsed(text: string): Address | undefined {
  const known = addresses.get(text);
  if (known) return known;
  if (!ipaddr.isValid(text)) return undefined;
  const fresh = ipaddr.process(text);
  addresses.set(text, fresh);
  return fresh;
}

/** Network and prefix length of an address or network. */
export function rangeOf(text: string): ReturnType<typeof ipaddr.parseCIDR> {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  const ip = ipaddr.process(text);
  return [ip, ip.kind() === 'ipv4' ? 32 : 128];
}
