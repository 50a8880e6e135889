import ipaddr from 'ipaddr.js';

/** The network that an address stands for: an IPv4 address itself, the /64 of an IPv6 address, since whoever has one of those has all of it. */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/64`).toString()}/64`;
}
