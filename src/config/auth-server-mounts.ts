import { listed } from '../foundation/model/index.ts';
import type { Problem } from './problem.ts';
import type { Config } from './schema.ts';

type Listener = Config['listeners'][number];
type Entry = Config['authServers'][number]['mounts'][number];

/** The listeners that an entry of an auth server's `mounts` covers. */
export const listenersOf = (entry: Entry, listeners: readonly Listener[]): Listener[] =>
  listeners.filter(({ name, mounts }) =>
    typeof entry === 'string'
      ? mounts.some(({ path }) => path === entry)
      : name === entry.listener && mounts.some(({ path }) => path === entry.path),
  );

/** Entries of `mounts` that match no mount, and paths that exist on several listeners although one is meant. */
export function checkMounts({ authServers, listeners }: Config): Problem[] {
  return authServers.flatMap((server, index) =>
    server.mounts.flatMap((entry, place): Problem[] => {
      const path = ['authServers', index, 'mounts', place];
      if (listenersOf(entry, listeners).length === 0) return [{ path, message: leadsNowhere(entry, listeners), level: 'error' }];
      const message = ambiguous(entry, listeners);
      return message === undefined ? [] : [{ path, message, level: 'warning' }];
    }),
  );
}

function leadsNowhere(entry: Entry, listeners: readonly Listener[]): string {
  if (typeof entry === 'string')
    return `no listener has a mount at ${entry}${there(listeners.flatMap(({ mounts }) => mounts.map(({ path }) => path)))}`;
  const named = listeners.filter(({ name }) => name === entry.listener);
  return named.length > 0
    ? `the listener "${entry.listener}" has no mount at ${entry.path}${there(named.flatMap(({ mounts }) => mounts.map(({ path }) => path)))}`
    : `no listener has the name "${entry.listener}"${there(listeners.flatMap(({ name }) => name ?? []))}`;
}

const there = (names: readonly string[]): string => (names.length === 0 ? '' : `; there are: ${listed(names)}`);

/** Listeners for phones or operators only are excluded: an auth server cannot mean them. */
function ambiguous(entry: Entry, listeners: readonly Listener[]): string | undefined {
  if (typeof entry !== 'string') return undefined;
  const meant = listeners.filter(({ mounts }) =>
    mounts.some(({ path, serves, phones }) => path === entry && serves !== 'ops' && phones !== 'only'),
  );
  if (meant.length < 2) return undefined;
  const names = meant.map(({ name, address }) => name ?? address).join(', ');
  const form = `{ "listener": "NAME", "path": "${entry}" }`;
  return `${meant.length} listeners have a mount at ${entry} (${names}), and it counts at each of them; say which: give them a name, and write ${form}`;
}
