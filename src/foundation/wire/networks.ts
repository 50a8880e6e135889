import ipaddr from 'ipaddr.js';
import { openCache } from '../cache/index.ts';

/** A network that was read once. IPv4-mapped addresses count as IPv4, here and below. */
export type Network = Readonly<{ address: Address; bits: number }>;

type Address = ReturnType<typeof ipaddr.process>;

/** An address that was read, and its usual spelling. */
type Known = Readonly<{ ip: Address; spelling: string }>;

/** One login asks about its client's address once for each rule and action. */
const addresses = openCache<Known>(1000);

function known(text: string): Known | undefined {
  const found = addresses.get(text);
  if (found) return found;
  // Most requests have no forwarded address, and the library makes and throws two errors to say that nothing is none.
  if (text === '' || !ipaddr.isValid(text)) return undefined;
  const ip = ipaddr.process(text);
  const fresh = { ip, spelling: ip.toString() };
  addresses.set(text, fresh);
  return fresh;
}

const parsed = (text: string): Address | undefined => known(text)?.ip;

/** Whether a text is an IPv4 or IPv6 address. */
export const isAddress = (text: string): boolean => parsed(text) !== undefined;

/** IPv4 with or without a port; the same in brackets, where IPv6 has to have them to have a port; IPv6 alone. */
const addressForms = [/^([0-9.]+)(?::\d{1,5})?$/, /^\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?$/, /^([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)$/];

/**
 * The address that a proxy names, in its usual spelling: alone, with a port, IPv6 in brackets, in quotes, or as `for=` beside other parameters (RFC 7239).
 * Undefined for everything else; numbers that only a resolver takes for IPv4 (`0x7f.1`, `010.0.0.1`) name none.
 */
export function namedAddress(text: string): string | undefined {
  // Trimmed first: a pattern for blanks at the end would look at each of them again and again.
  const parameters = partsOf(text, ';').map((each) => /^([A-Za-z]+)\s*=\s*(.*)$/.exec(each.trim()));
  const named = parameters.find((each) => each?.[1]?.toLowerCase() === 'for')?.[2] ?? text.trim();
  const bare = /^"(.*)"$/.exec(named)?.[1] ?? named;
  const address = addressForms.map((form) => form.exec(bare)?.[1]).find((each) => each !== undefined);
  if (address === undefined || !(ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address))) return undefined;
  return normalAddress(address);
}

/** The parts of a text between separators; one inside quotes, where a backslash takes the next character as it is, separates nothing. */
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

/** The host of a URL as sockets take it: an IPv6 address without its brackets. */
export const socketHost = ({ hostname }: Pick<URL, 'hostname'>): string => hostname.replace(/^\[|\]$/g, '');

/** Whether a text is a network with its prefix length, such as 10.0.0.0/8. */
export const isNetwork = (text: string): boolean => ipaddr.isValidCIDR(text);

/** An address in its usual spelling; any other text as it is. */
export const normalAddress = (text: string): string => known(text)?.spelling ?? text;

/** Reads a network, or an address as a network of one. Undefined for any other text. */
export function readNetwork(text: string): Network | undefined {
  if (isNetwork(text)) {
    const [address, bits] = ipaddr.parseCIDR(text);
    return { address, bits };
  }
  const address = parsed(text);
  return address && { address, bits: address.kind() === 'ipv4' ? 32 : 128 };
}

/** Reads networks of the config file, whose schema has checked them. */
export const readNetworks = (texts: readonly string[]): Network[] => texts.map(readNetwork).filter((network) => network !== undefined);

/** Whether an address is in a network; false for a text that is no address. */
export function isInNetwork(address: string, network: Network): boolean {
  const ip = parsed(address);
  return ip !== undefined && holds(network, ip);
}

/** Whether a network holds all of another one. */
export const coversNetwork = (outer: Network, inner: Network): boolean =>
  inner.bits >= outer.bits && holds(outer, ipaddr.process(inner.address.toString()));

const holds = ({ address, bits }: Network, ip: Address): boolean => address.kind() === ip.kind() && ip.match(address, bits);

/** The network that an address stands for: an IPv4 address itself, the /64 of an IPv6 address, since whoever has one of those has all of it. */
export function networkOf(address: string): string {
  const ip = parsed(address);
  if (!ip || ip.kind() === 'ipv4') return normalAddress(address);
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${ip.toString()}/64`).toString()}/64`;
}

/** Whether an address is this machine's own, and reached from nowhere else. */
export const isLoopback = (address: string): boolean => parsed(address)?.range() === 'loopback';

/**
 * Whether an address is on the public internet: none that is private, shared (CGNAT), loopback, link-local, multicast, reserved or a
 * translation (NAT64, 6to4, Teredo). An IPv4 address written as an IPv6 one counts as what it is.
 */
export const isPublic = (address: string): boolean => parsed(address)?.range() === 'unicast';
