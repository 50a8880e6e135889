import { isAddress, isInNetwork, isNetwork, type Network, readNetworks } from '../foundation/wire/networks.ts';

/** A compiled address list. */
export type AddressMatch = (address: string) => { found: boolean; excluded: boolean };

/** Whether an entry names an address or a network, optionally after `!` or `-`. */
export function isAddressEntry(entry: string): boolean {
  const name = entry.replace(/^[!-]/, '');
  return isNetwork(name) || isAddress(name);
}

/**
 * Compiles a list of addresses and networks; `!x` and `-x` exclude. IPv4-mapped addresses count as IPv4. @see
 * docs/protocols/privacyidea.md 11.1
 */
export function addressMatch(list: readonly string[]): AddressMatch {
  const isOut = (entry: string): boolean => /^[!-]/.test(entry);
  const excluded = readNetworks(list.filter(isOut).map((entry) => entry.slice(1)));
  const wanted = readNetworks(list.filter((entry) => !isOut(entry)));
  return (address) => {
    const isIn = (network: Network): boolean => isInNetwork(address, network);
    return { found: wanted.some(isIn), excluded: excluded.some(isIn) };
  };
}
