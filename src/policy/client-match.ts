import { addressMatch, isAddressEntry } from './address-match.ts';
import type { Facts } from './facts.ts';

const standingOf = (entry: string): string => entry.replace(/^[!-]/, '');
const isStanding = (entry: string): boolean => ['known', 'new'].includes(standingOf(entry));

/** Whether an entry names an address, a network, `known` or `new`, optionally after `!` or `-`. */
export const isClientEntry = (entry: string): boolean => isStanding(entry) || isAddressEntry(entry);

/** Whether a list contains `known` or `new`. */
export const asksForStanding = (list: readonly string[] = []): boolean => list.some(isStanding);

/** Compiles a list of clients: some entry without `!` must match, and no entry with `!` may. @see docs/policies.md */
export function clientTest(list: readonly string[]): (facts: Pick<Facts, 'client' | 'clientIs'>) => boolean {
  const match = addressMatch(list.filter((entry) => !isStanding(entry)));
  const standings = new Set(list.filter(isStanding));
  return ({ client, clientIs = '' }) => {
    const { found, excluded } = match(client ?? '');
    const isOut = excluded || standings.has(`!${clientIs}`) || standings.has(`-${clientIs}`);
    return (found || standings.has(clientIs)) && !isOut;
  };
}

/** The client of a request as an explanation shows it. */
export const shownClient = ({ client, clientIs }: Pick<Facts, 'client' | 'clientIs'>): string =>
  [client, clientIs].filter((text) => text !== undefined).join(', ');
