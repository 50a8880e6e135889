import { resolve } from 'node:path';
import type { Config } from '../config/index.ts';
import {
  type ConnectionGate,
  firstToEnd,
  type Listener,
  type ListenerSecrets,
  type ListenerTls,
  openListener,
  readListenerTls,
  type Service,
} from '../edge/http/index.ts';
import { type Clock, GatewayFault, type Tell } from '../foundation/model/index.ts';
import { endedChainText, endedInChain } from '../foundation/settings/index.ts';
import type { Log, Metrics } from '../foundation/telemetry/index.ts';
import type { HeldCredentials } from './ending-credentials.ts';
import { openFileWatch } from './file-watch.ts';

/** All listeners of a configuration. */
export type Listeners = {
  /** One URL per listener, with the port it really has. */
  urls: string[];
  /** Reads the files of TLS again; connections that are open go on as they are. Where a file is wrong now, the old ones stay in use. */
  renew(): void;
  /** Answers the requests that are still to come by another configuration. A listener that it no longer has goes on with the mounts that it had. */
  serve(config: Config, serviceOf: ServiceOf): void;
  /** When the certificates of the listeners end. */
  credentials(): HeldCredentials[];
  /** Takes no new request; those under way have this long (ms). */
  close(limitMs: number): Promise<void>;
};

/** What one listener of a configuration serves. */
export type ServiceOf = (listener: Config['listeners'][number]) => Service;

/** What listeners are opened with; relative paths count from `folder`. */
export type ListenersOptions = {
  config: Config;
  folder: string;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  draining: { now: boolean };
  tell?: Tell | undefined;
  /** One for all of them. */
  gate?: ConnectionGate | undefined;
  serviceOf: ServiceOf;
};

type Open = Listener & {
  entry: Config['listeners'][number];
  address: string;
  tls: ListenerTls | undefined;
  secrets: ListenerSecrets | undefined;
};

/** Listens on every address, and looks whether the files of TLS change. Throws `config-invalid` when one of them cannot be had. */
export async function openListeners(options: ListenersOptions): Promise<Listeners> {
  const { config, folder, log, metrics, draining, tell = () => undefined, gate, serviceOf } = options;
  const path = (file: string): string => resolve(folder, file);
  const open: Open[] = [];
  const closeAll = (limitMs: number) => Promise.all(open.map((listener) => listener.close(limitMs)));
  try {
    for (const listener of config.listeners) {
      const { address, tls } = listener;
      const secrets = tls && readListenerTls(tls, path);
      const opened = await openListener({ address, ...serviceOf(listener), log, metrics, draining, tls: secrets, tell, gate });
      open.push({ ...opened, entry: listener, address, tls, secrets });
    }
    for (const listener of open) tellOfEnd(listener, options);
  } catch (error) {
    await closeAll(0);
    throw error;
  }
  const renew = (): void => {
    for (const listener of open) if (renewOne(listener, path, tell)) tellOfEnd(listener, options);
  };
  exposeExpiry(options, open);
  const files = filesOf(open).map(path);
  const stopWatch = openFileWatch(() => files).onChange(renew);
  return {
    urls: open.map(({ url }) => url),
    renew,
    serve(next, nextServiceOf) {
      const services = open.map((listener) => {
        const entry = next.listeners.find(({ address }) => address === listener.address) ?? listener.entry;
        return { listener, entry, service: nextServiceOf(entry) };
      });
      // All of them are there before the first one counts.
      for (const { listener, entry, service } of services) {
        listener.entry = entry;
        listener.serve(service);
      }
    },
    credentials: () => open.map(({ address, secrets }) => ({ holder: `listener ${address}`, expiries: secrets?.expiries ?? [] })),
    async close(limitMs) {
      stopWatch();
      await closeAll(limitMs);
    },
  };
}

const filesOf = (open: readonly Open[]): string[] =>
  open.flatMap(({ tls }) => [tls?.certificate, tls?.key, tls?.clientCa]).filter((file) => file !== undefined);

/** A certificate and its key are two files, and between the two writes they do not fit: the next look takes both. Whether there was a new one. */
function renewOne(listener: Open, path: (file: string) => string, tell: Tell): boolean {
  const { address, tls, secrets } = listener;
  if (!tls) return false;
  try {
    const next = readListenerTls(tls, path);
    if (JSON.stringify(next) === JSON.stringify(secrets)) return false;
    listener.renew(next);
    listener.secrets = next;
    tell({ kind: 'configuration-reloaded', part: `certificate of listener ${address}`, restart: [] });
    return true;
  } catch (error) {
    if (!(error instanceof GatewayFault)) throw error;
    tell({ kind: 'configuration-refused', problems: [`certificate of listener ${address}, ${error.message}`] });
    return false;
  }
}

/** A listener whose certificate has ended is served all the same, and by that its clients fail one by one: the log says it where operators look first. */
function tellOfEnd({ address, tls, secrets }: Open, { folder, clock, log }: ListenersOptions): void {
  if (!tls || !secrets) return;
  for (const ended of endedInChain(secrets.expiries, clock())) log.warn({ listener: address }, endedChainText(ended));
  const first = firstToEnd(secrets, clock());
  if (!first || first.at > clock()) return;
  const facts = {
    listener: address,
    file: resolve(folder, tls.certificate),
    certificate: first.what,
    ended: new Date(first.at).toISOString(),
  };
  log.error(facts, 'the certificate of a listener has ended, and its clients refuse it; put a new one into the file, no restart is needed');
}

function exposeExpiry({ metrics: { listenerExpiry, onCollect }, clock }: ListenersOptions, open: readonly Open[]): void {
  onCollect(() => {
    for (const { address, secrets } of open) {
      const first = secrets && firstToEnd(secrets, clock());
      if (first) listenerExpiry.set({ listener: address }, first.at / 1000);
    }
  });
}
