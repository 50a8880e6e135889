import { resolve } from 'node:path';
import type { Config } from '../config/index.ts';
import {
  firstToEnd,
  type Listener,
  type ListenerSecrets,
  type ListenerTls,
  type Mount,
  openListener,
  readListenerTls,
} from '../edge/http/index.ts';
import { type Clock, GatewayFault, type Tell } from '../foundation/model/index.ts';
import { endedChainText, endedInChain } from '../foundation/settings/index.ts';
import type { Log, Metrics } from '../foundation/telemetry/index.ts';
import { openFileWatch } from './file-watch.ts';

/** All listeners of a configuration. */
export type Listeners = {
  /** One URL per listener, with the port it really has. */
  urls: string[];
  /** Reads the files of TLS again; connections that are open go on as they are. Where a file is wrong now, the old ones stay in use. */
  renew(): void;
  close(): Promise<void>;
};

/** What listeners are opened with; relative paths count from `folder`. */
export type ListenersOptions = {
  config: Config;
  folder: string;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  draining: { now: boolean };
  tell?: Tell | undefined;
  mountsOf(listener: Config['listeners'][number]): Mount[];
};

type Open = Listener & { address: string; tls: ListenerTls | undefined; secrets: ListenerSecrets | undefined };

/** Listens on every address, and looks whether the files of TLS change. Throws `config-invalid` when one of them cannot be had. */
export async function openListeners(options: ListenersOptions): Promise<Listeners> {
  const { config, folder, log, metrics, draining, tell, mountsOf } = options;
  const path = (file: string): string => resolve(folder, file);
  const open: Open[] = [];
  const closeAll = (limitMs: number) => Promise.all(open.map((listener) => listener.close(limitMs)));
  try {
    for (const listener of config.listeners) {
      const { address, tls } = listener;
      const secrets = tls && readListenerTls(tls, path);
      const opened = await openListener({ address, mounts: mountsOf(listener), log, metrics, draining, tls: secrets, tell });
      open.push({ ...opened, address, tls, secrets });
    }
    for (const listener of open) tellOfEnd(listener, options);
  } catch (error) {
    await closeAll(0);
    throw error;
  }
  const renew = (): void => {
    for (const listener of open) if (renewOne(listener, path, log)) tellOfEnd(listener, options);
  };
  exposeExpiry(options, open);
  const files = filesOf(open).map(path);
  const stopWatch = openFileWatch(() => files).onChange(renew);
  return {
    urls: open.map(({ url }) => url),
    renew,
    async close() {
      stopWatch();
      await closeAll(config.settings.drainMs);
    },
  };
}

const filesOf = (open: readonly Open[]): string[] =>
  open.flatMap(({ tls }) => [tls?.certificate, tls?.key, tls?.clientCa]).filter((file) => file !== undefined);

/** A certificate and its key are two files, and between the two writes they do not fit: the next look takes both. Whether there was a new one. */
function renewOne(listener: Open, path: (file: string) => string, log: Log): boolean {
  const { address, tls, secrets } = listener;
  if (!tls) return false;
  try {
    const next = readListenerTls(tls, path);
    if (JSON.stringify(next) === JSON.stringify(secrets)) return false;
    listener.renew(next);
    listener.secrets = next;
    log.info(
      { listener: address, ends: next.expiries.map(({ at }) => new Date(at).toISOString()) },
      'the certificate of a listener was renewed',
    );
    return true;
  } catch (error) {
    if (!(error instanceof GatewayFault)) throw error;
    log.error({ listener: address, problem: error.message }, 'the new certificate of a listener cannot be used; the old one stays');
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
