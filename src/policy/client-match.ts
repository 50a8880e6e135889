import { addressMatch, isAddressEntry } from './address-match.ts';
import type { Facts } from './facts.ts';

const clientStatusOf = (entry: string): string => entry.replace(/^[!-]/, '');
const isClientStatus = (entry: string): boolean => ['known', 'new'].includes(clientStatusOf(entry));

/** Whether an entry names an address, a network, `known` or `new`, optionally after `!` or `-`. */
export const isClientEntry = (entry: string): boolean => isClientStatus(entry) || isAddressEntry(entry);

/** Whether a list contains `known` or `new`. */
export const asksForClientStatus = (list: readonly string[] = []): boolean => list.some(isClientStatus);

/** Compiles a list of clients: some entry without `!` must match, and no entry with `!` may. @see docs/policies.md */
export function clientTest(list: readonly string[]): (facts: Pick<Facts, 'client' | 'clientIs'>) => boolean {
  const match = addressMatch(list.filter((entry) => !isClientStatus(entry)));
  const statuses = new Set(list.filter(isClientStatus));
  return ({ client, clientIs = '' }) => {
    const { found, excluded } = match(client ?? '');
    const isOut = excluded || statuses.has(`!${clientIs}`) || statuses.has(`-${clientIs}`);
    return (found || statuses.has(clientIs)) && !isOut;
  };
}

/** The client of a request as an explanation shows it. */
export const shownClient = ({ client, clientIs }: Pick<Facts, 'client' | 'clientIs'>): string =>
  [client, clientIs].filter((text) => text !== undefined).join(', ');
