import { openReadiness, openSightings, type Readiness, type Seen, type Sightings, type UserSourceHealth } from '../edge/http/index.ts';
import type { Directory } from '../engine/users/index.ts';
import { randomHex } from '../foundation/crypto/index.ts';
import { isOwnStore } from './keyring.ts';
import type { LongLivedParts } from './long-lived-parts.ts';

/** The health of a gateway, shared by all its listeners. */
export type Health = {
  readiness: Readiness;
  userSources: () => Promise<readonly UserSourceHealth[]>;
  /** Whether the store belongs to this keyring. */
  isStoreOurs: () => Promise<boolean>;
  /** Records what the listener with this address sees of its clients' addresses. */
  sightings: (listener: string) => Sightings;
  /** The records of all listeners. */
  seen: () => Seen[];
};

/** The parts whose health is checked. A reload replaces the directory. */
export type HealthParts = Pick<LongLivedParts, 'store' | 'keyring' | 'passwords' | 'clock' | 'log' | 'metrics'> & {
  directory: () => Directory;
};

/** Opens the health checks of a gateway, without running any. */
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

/**
 * Whether this gateway can work. It writes a record of its own to the store, so that gateways do not wait for one
 * another.
 */
function readinessOf({ store, clock, log, metrics }: HealthParts): Readiness {
  const prober = randomHex(8);
  const readiness = openReadiness({
    probe: () => store.probe(prober, clock() + probeLifeMs),
    clock,
    log,
    onSkew: (ms) => metrics.clockSkew.set(ms / 1000),
  });
  // Nobody else may ask for readiness, so each collection does; the result appears at the next collection.
  metrics.onCollect(() => void readiness());
  return readiness;
}

const everyMs = 10_000;
const limitMs = 2000;

/**
 * Checks every user source. All callers within ten seconds, or during one check, share its result, so directories are
 * asked no more often.
 */
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
  // Shows the begin and end of an outage while nobody logs in; the result appears at the next collection.
  metrics.onCollect(() => void ask());
  return ask;
}
