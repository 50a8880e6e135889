import type { Config } from '../config/index.ts';
import { Secret } from '../foundation/settings/index.ts';

/** The parts of the file that only a start reads. For listeners, these are the addresses and the TLS settings. */
const onlyAtStart: readonly (keyof Config)[] = ['store', 'keyring', 'cluster'];
const settingsOnlyAtStart: readonly (keyof Config['settings'])[] = ['serverKeyBits', 'serverKeyStock', 'logNames', 'traces'];

/**
 * The paths of settings that differ from the start and that only a start reads; `listeners` alone: a listener was added
 * or removed.
 */
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

/** A text for comparison only: it contains the secrets, so never show it. */
const textOf = (value: unknown): string | undefined =>
  JSON.stringify(value, function reveal(this: Record<string, unknown>, key, shown: unknown) {
    const held = this[key];
    return held instanceof Secret ? held.reveal() : shown;
  });
