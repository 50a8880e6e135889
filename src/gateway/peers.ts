import { type Config, workersOf } from '../config/index.ts';
import {
  type ConnectionGate,
  connectionsByFiles,
  connectionsByMemory,
  knownPeers,
  openConnectionGate,
  type Service,
} from '../edge/http/index.ts';
import type { LoginQueue } from '../engine/limits/index.ts';
import type { Tell } from '../foundation/model/index.ts';
import type { Metrics } from '../foundation/telemetry/index.ts';

/** Receivers of what the gate refuses. */
type GateListeners = { metrics: Metrics; tell: Tell; loginQueue?: Pick<LoginQueue, 'refuse'> };

/**
 * Opens the connection gate of this process. It reads the settings at each connection, so that a reload applies at
 * once.
 */
export function gateOf(configNow: () => Config, { metrics, tell, loginQueue }: GateListeners): ConnectionGate {
  const byFiles = connectionsByFiles();
  const byMemory = connectionsByMemory(workersOf(configNow()));
  const bounds = {
    get connections() {
      return Math.min(configNow().settings.connections ?? byMemory, byFiles);
    },
    get connectionsPerNetwork() {
      return configNow().settings.connectionsPerNetwork;
    },
    get halfSentRequests() {
      return configNow().settings.halfSentRequests;
    },
  };
  return openConnectionGate({ bounds, metrics, tell, refuse: loginQueue?.refuse });
}

/**
 * Peers whose connections a listener does not count by network: its trusted proxies, and auth servers identified by
 * their networks.
 */
export const peersOf = (
  { authServers }: Pick<Config, 'authServers'>,
  { trustedProxies }: Pick<Config['listeners'][number], 'trustedProxies'>,
): Service['isKnownPeer'] => knownPeers([...trustedProxies, ...authServers.flatMap(({ networks }) => networks)]);
