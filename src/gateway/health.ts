import { openReadiness, openSightings, type Readiness, type Seen, type Sightings, type UserSourceHealth } from '../edge/http/index.ts';
import type { Directory } from '../engine/users/index.ts';
import { randomHex } from '../foundation/crypto/index.ts';
import { isOwnStore } from './keyring.ts';
import type { Lasting } from './lasting.ts';

/** What is looked at when somebody asks how a gateway fares; one for all its listeners. */
export type Health = {
  readiness: Readiness;
  userSources: () => Promise<readonly UserSourceHealth[]>;
  /** Whether the keyring is the one that the store belongs to. */
  isStoreOurs: () => Promise<boolean>;
  /** Where the listener with this address notes what it sees of its clients' addresses. */
  sightings: (listener: string) => Sightings;
  /** What each listener has seen so far. */
  seen: () => Seen[];
};

/** What is looked at. A reload replaces the directory. */
export type HealthParts = Pick<Lasting, 'store' | 'keyring' | 'passwords' | 'clock' | 'log' | 'metrics'> & { directory: () => Directory };

/** Opens the health of a gateway with these parts; nothing is looked at yet. */
export function openHealth(parts: HealthParts): Health {
  const sightings = new Map<string, Sightings>();
  return {
    readiness: readinessOf(parts),
    userSources: openUserSourceHealth(parts),
    isStoreOurs: () => isOwnStore(parts),
    sightings(listener) {
      const opened = sightings.get(listener) ?? openSightings({ listener, clock: parts.clock, log: parts.log });
      sightings.set(listener, opened);
      return opened;
    },
    seen: () => [...sightings.values()].map((each) => each.seen()),
  };
}

const probeLifeMs = 60_000;

/** Whether the gateway of these parts can work. Its record in the store has a name of its own, so that gateways do not wait for one another. */
function readinessOf({ store, clock, log, metrics }: HealthParts): Readiness {
  const prober = randomHex(8);
  const readiness = openReadiness({
    probe: () => store.probe(prober, clock() + probeLifeMs),
    clock,
    log,
    onSkew: (ms) => metrics.clockSkew.set(ms / 1000),
  });
  // Nobody may ask whether we are ready; what this look finds is shown at the next collection.
  metrics.onCollect(() => void readiness());
  return readiness;
}

const everyMs = 10_000;
const limitMs = 2000;

/** Looks at every source of users. All who ask within ten seconds, or while one look is under way, share that look: directories are asked no more often. */
function openUserSourceHealth({ directory: directoryNow, clock, metrics }: HealthParts): Health['userSources'] {
  let last: { at: number; directory: Directory; results: Promise<readonly UserSourceHealth[]> } | undefined;
  const look = async (directory: Directory): Promise<readonly UserSourceHealth[]> => {
    const checked = await directory.check(AbortSignal.timeout(limitMs));
    return checked.map(({ name, result }) => ({ name, ok: result.ok, detail: result.ok ? result.detail : result.problem }));
  };
  const ask = (): Promise<readonly UserSourceHealth[]> => {
    const [now, directory] = [clock(), directoryNow()];
    if (!last || last.directory !== directory || Math.abs(now - last.at) >= everyMs)
      last = { at: now, directory, results: look(directory) };
    return last.results;
  };
  // So that an outage is seen, and its end, while nobody logs in; what this look finds is shown at the next collection.
  metrics.onCollect(() => void ask());
  return ask;
}
