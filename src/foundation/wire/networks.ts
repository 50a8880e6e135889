import ipaddr from 'ipaddr.js';
import { openCache } from '../cache/index.ts';

/** A parsed network. IPv4-mapped addresses count as IPv4 in this module. */
export type Network = Readonly<{ address: Address; bits: number }>;

type Address = ReturnType<typeof ipaddr.process>;

/** A parsed address and its canonical spelling. */
type Known = Readonly<{ ip: Address; spelling: string }>;

/** One login looks up its client's address once per rule and action. */
const addresses = openCache<Known>(1000);

function known(text: string): Known | undefined {
  const found = addresses.get(text);
  if (found) return found;
  // Most requests have no forwarded address, and the library is slow on empty text: it throws twice.
  if (text === '' || !ipaddr.isValid(text)) return undefined;
  const ip = ipaddr.process(text);
  const fresh = { ip, spelling: ip.toString() };
  addresses.set(text, fresh);
  return fresh;
}

const parsed = (text: string): Address | undefined => known(text)?.ip;

/** Whether a text is an IPv4 or IPv6 address. */
export const isAddress = (text: string): boolean => parsed(text) !== undefined;

/** IPv4 with an optional port; bracketed IPv4 or IPv6 with an optional port; bare IPv6. */
const addressForms = [/^([0-9.]+)(?::\d{1,5})?$/, /^\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?$/, /^([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)$/];

/**
 * The address in a proxy's header, in canonical spelling: bare, with a port, IPv6 in brackets, quoted, or as `for=`
 * among other parameters (RFC 7239). Undefined for anything else, including forms that only resolvers accept as IPv4
 * (`0x7f.1`, `010.0.0.1`).
 */
export function namedAddress(text: string): string | undefined {
  // Trimmed first: a pattern for trailing whitespace would backtrack.
  const parameters = partsOf(text, ';').map((each) => /^([A-Za-z]+)\s*=\s*(.*)$/.exec(each.trim()));
  const named = parameters.find((each) => each?.[1]?.toLowerCase() === 'for')?.[2] ?? text.trim();
  const bare = /^"(.*)"$/.exec(named)?.[1] ?? named;
  const address = addressForms.map((form) => form.exec(bare)?.[1]).find((each) => each !== undefined);
  if (address === undefined || !(ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address))) return undefined;
  return normalAddress(address);
}

/** Splits a text at a separator, except inside quotes, where a backslash escapes the next character. */
export function partsOf(text: string, separator: ',' | ';'): string[] {
  const parts: string[] = [];
  let [from, isQuoted] = [0, false];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') isQuoted = !isQuoted;
    else if (text[at] === '\\' && isQuoted) at += 1;
    else if (text[at] === separator && !isQuoted) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)];
}

/** The host of a URL for sockets: an IPv6 address without brackets. */
export const socketHost = ({ hostname }: Pick<URL, 'hostname'>): string => hostname.replace(/^\[|\]$/g, '');

/** Whether a text is a network with its prefix length, such as 10.0.0.0/8. */
export const isNetwork = (text: string): boolean => ipaddr.isValidCIDR(text);

/** An address in canonical spelling; any other text unchanged. */
export const normalAddress = (text: string): string => known(text)?.spelling ?? text;

/** Parses a network, or an address as a network of one. Undefined for any other text. */
export function readNetwork(text: string): Network | undefined {
  if (isNetwork(text)) {
    const [address, bits] = ipaddr.parseCIDR(text);
    return { address, bits };
  }
  const address = parsed(text);
  return address && { address, bits: address.kind() === 'ipv4' ? 32 : 128 };
}

/** Parses networks of the configuration, which its schema has checked. */
export const readNetworks = (texts: readonly string[]): Network[] => texts.map(readNetwork).filter((network) => network !== undefined);

/** Whether an address is in a network; false for a text that is not an address. */
export function isInNetwork(address: string, network: Network): boolean {
  const ip = parsed(address);
  return ip !== undefined && holds(network, ip);
}

/** Whether a network contains another one. */
export const coversNetwork = (outer: Network, inner: Network): boolean =>
  inner.bits >= outer.bits && holds(outer, ipaddr.process(inner.address.toString()));

const holds = ({ address, bits }: Network, ip: Address): boolean => address.kind() === ip.kind() && ip.match(address, bits);

/**
 * The network of one client: an IPv4 address, or the /64 of an IPv6 address, since a client usually has all of a /64.
 */
export function networkOf(address: string): string {
  const ip = parsed(address);
  if (!ip || ip.kind() === 'ipv4') return normalAddress(address);
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${ip.toString()}/64`).toString()}/64`;
}

/** Whether an address is a loopback address. */
export const isLoopback = (address: string): boolean => parsed(address)?.range() === 'loopback';

/** The only block of IPv6 that public addresses come from; `::/96` beside it holds IPv4 addresses. */
const globalUnicast = readNetwork('2000::/3');

/**
 * Whether an address is on the public internet: not private, shared (CGNAT), loopback, link-local, multicast, reserved
 * or a translation address (NAT64, 6to4, Teredo). An IPv4-mapped address counts as IPv4.
 */
export function isPublic(address: string): boolean {
  const ip = parsed(address);
  if (ip?.range() !== 'unicast') return false;
  return ip.kind() === 'ipv4' || (globalUnicast !== undefined && holds(globalUnicast, ip));
}
