import type { Config } from '../config/index.ts';
import { Secret } from '../foundation/settings/index.ts';

/** The parts of the file that only a start reads. Of listeners those are the addresses and how they speak TLS. */
const onlyAtStart: readonly (keyof Config)[] = ['store', 'keyring', 'cluster'];
const settingsOnlyAtStart: readonly (keyof Config['settings'])[] = ['serverKeyBits', 'serverKeyStock', 'logNames', 'traces'];

/** The places of a new configuration that differ from the one of the start and that only a start reads; `listeners` alone: one came or went. */
export function needsRestart(started: Config, next: Config): string[] {
  return [
    ...onlyAtStart.filter((key) => isOther(started[key], next[key])),
    ...listenersToRestart(started.listeners, next.listeners),
    ...settingsOnlyAtStart.filter((key) => isOther(started.settings[key], next.settings[key])).map((key) => `settings.${key}`),
  ];
}

type Listeners = Config['listeners'];

function listenersToRestart(started: Listeners, next: Listeners): string[] {
  const addresses = (listeners: Listeners): string[] => listeners.map(({ address }) => address).sort();
  const changed = next.flatMap(({ address, tls }, index) => {
    const before = started.find((each) => each.address === address);
    return before && isOther(before.tls, tls) ? [`listeners[${index}].tls`] : [];
  });
  return [...(isOther(addresses(started), addresses(next)) ? ['listeners'] : []), ...changed];
}

const isOther = (before: unknown, after: unknown): boolean => textOf(before) !== textOf(after);

/** Something to compare, and never to show: it holds what the secrets are. */
const textOf = (value: unknown): string | undefined =>
  JSON.stringify(value, function reveal(this: Record<string, unknown>, key, shown: unknown) {
    const held = this[key];
    return held instanceof Secret ? held.reveal() : shown;
  });
