import { type Audit, openAudit } from '../engine/audit/index.ts';
import type { Engine } from '../engine/index.ts';
import { openAccounts } from '../engine/users/index.ts';
import { accountCost, createPasswords } from '../foundation/keyring/index.ts';
import { type Tell, version } from '../foundation/model/index.ts';
import { type Log, type Metrics, openMetrics } from '../foundation/telemetry/index.ts';
import { isTracing } from '../foundation/telemetry/spans.ts';
import { isOperation, type Store, type StoreOperation } from '../store/store.ts';
import { watchEndings } from './ending-credentials.ts';
import { openEventBus, watchStore } from './events.ts';
import type { Generation } from './generation.ts';
import { type Generations, type Loading, openGenerations } from './generations.ts';
import { openHealth } from './health.ts';
import { claimStore, followKeyring, keyringOf, makeKeyringForDatabase, makeKeyringForFile, recordUse, refuseLostStore } from './keyring.ts';
import { openListeners, type ServiceOf } from './listeners.ts';
import { openNaming } from './log-names.ts';
import { type LongLivedParts, openLongLivedParts } from './long-lived-parts.ts';
import { type MountParts, mountsOf } from './mounts.ts';
import { openFiles } from './open-files.ts';
import { openStore } from './open-store.ts';
import type { GatewayOptions } from './options.ts';
import { gateOf, peersOf } from './peers.ts';
import { openTraces, tracedStore } from './traces.ts';

/** A running gateway. */
export type Gateway = {
  /** One URL per listener, with its actual port. */
  urls: string[];
  /** The password of the administrator `admin` if this start made that account; it is shown only once. */
  firstPassword: string | undefined;
  /** Resolves when no background work is under way. */
  settled(): Promise<void>;
  /** Sends the messages of the outbox that are due, and resolves when no more are. */
  sendMessages(): Promise<void>;
  /**
   * Applies a new configuration, or refuses it and changes nothing. Settings that only a start reads stay as they were,
   * and are reported.
   */
  reload(loaded: Loading): Promise<'reloaded' | 'refused'>;
  /** The files whose change requires `reload`: those with secrets and certificates in use. */
  files(): readonly string[];
  /**
   * Stops listening, lets requests under way finish within the limit of the settings, does the remaining background
   * work, and closes the store.
   */
  close(): Promise<void>;
};

/** Builds a gateway and listens. Throws `config-invalid` with one sentence when the environment does not allow it. */
export async function startGateway(given: GatewayOptions): Promise<Gateway> {
  const { options, learn } = openNaming(given);
  const { config, clock, log, metrics = openMetrics(version) } = options;
  const { tell, listen } = openEventBus(log, metrics);
  makeKeyringForFile(options);
  const opened: (() => unknown)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of opened.reverse()) await close();
  };
  try {
    opened.push(await openTraces(config, log));
    const { isMigrated, ...stored } = await openStoreParts({ ...options, metrics, tell }, opened);
    learn(stored.keyring);
    followAudit(stored.audit, metrics, listen);
    let generations: Generations | undefined;
    const configNow = () => generations?.current().config ?? config;
    const longLived = openLongLivedParts({ ...options, ...stored, metrics, tell, configNow });
    opened.push(() => longLived.keyStock.close());
    const accounts = openAccounts({ ...longLived, passwords: createPasswords(stored.keyring, options.parts?.hashCost ?? accountCost) });
    const running = await openGenerations(options, { longLived, accounts });
    generations = running;
    opened.push(() => running.close());
    if (isMigrated) await warnOfNamesakes(running.current().engine, log);
    const draining = { now: false };
    const health = openHealth({ ...longLived, directory: () => running.current().parts.directory });
    const gate = gateOf(configNow, longLived);
    const serviceOf = (generation = running.current()) => serviceFor(generation, { accounts, health, draining, streams: gate.streams });
    const listeners = await openListeners({ ...options, ...longLived, gate, draining, serviceOf: serviceOf() });
    opened.push(() => {
      draining.now = true;
      return listeners.close(configNow().settings.drainMs);
    });
    for (const kind of ['push_wait', 'sse']) metrics.waiters.set({ kind }, 0);
    const endings = watchEndings({ held: () => [...listeners.credentials(), ...running.current().credentials()], clock, tell });
    opened.push(endings.stop);
    endings.look();
    // Made last, because a failed start would lose the password unseen.
    const firstPassword = (await accounts.list()).length === 0 ? await accounts.addFirst('admin') : undefined;
    tell({ kind: 'gateway-started', version, listeners: listeners.urls });
    opened.unshift(() => tell({ kind: 'gateway-stopped', version }, 'kept'));
    return {
      urls: listeners.urls,
      firstPassword,
      settled: () => running.settled().then(() => stored.audit.flush()),
      sendMessages: () => running.current().parts.outbox.round(),
      files: () => running.current().files,
      reload(loaded) {
        listeners.renew();
        const replaced = running.replace(loaded, (next) => listeners.serve(next.config, serviceOf(next)));
        return replaced.finally(endings.look).finally(longLived.keyStock.fill);
      },
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** The least time limit of the store operations of a request (ms), even if its delivery has less. */
const minStoreMs = 1000;

type StoreParts = Pick<LongLivedParts, 'store' | 'keyring' | 'passwords' | 'audit'> & { isMigrated: boolean };

/** Opens the store, migrated if necessary, with its keyring and audit. Adds to `opened` what closes them. */
async function openStoreParts(options: GatewayOptions & { metrics: Metrics; tell: Tell }, opened: (() => unknown)[]): Promise<StoreParts> {
  let isMigrated = false;
  const counted = await openCountedStore(options, () => {
    isMigrated = true;
  });
  opened.push(() => counted.close());
  await makeKeyringForDatabase(options, counted);
  const keyring = keyringOf(options, options.environment);
  const store = isTracing() ? tracedStore(counted, options.config.store.kind) : counted;
  const passwords = createPasswords(keyring, options.parts?.hashCost);
  await refuseLostStore(options, { store: counted, keyring });
  await claimStore({ store, keyring, passwords });
  recordUse(options, keyring);
  opened.push(followKeyring(options, keyring, options.tell));
  // The audit writes for many requests at once, so its operations belong to no trace.
  const audit = await openAudit({ ...options, store: counted, keyring, aloneInStore: options.config.store.kind === 'embedded' });
  opened.push(() => audit.close({ kind: 'gateway-stopped', version }));
  for (const { file, advice } of openFiles(options)) options.log.warn({ file }, `a file with secrets is not protected: ${advice}`);
  return { store, keyring, passwords, audit, isMigrated };
}

/**
 * From now on the audit receives every event that was not written together with its act, and metrics show the longest
 * wait.
 */
function followAudit(audit: Audit, metrics: Metrics, listen: (listener: Tell) => void): void {
  listen((event, written) => void (written ?? audit.take(event)));
  metrics.onCollect(() => metrics.auditWait.set(audit.oldestMs() / 1000));
}

/** Connects the mounts of a listener to a generation; all share the same health. */
function serviceFor(generation: Generation, shared: Pick<MountParts, 'accounts' | 'health' | 'draining' | 'streams'>): ServiceOf {
  return (listener) => ({
    mounts: mountsOf({ ...generation, ...shared, listener }),
    begin: generation.begin,
    isKnownPeer: peersOf(generation.config, listener),
    storeMs: Math.max(minStoreMs, generation.config.settings.deliveryDeadlineMs),
  });
}

/** Logs once, after a migration, the names that the operator may want to merge or to split. */
async function warnOfNamesakes(engine: Engine, log: Log): Promise<void> {
  const change = { apart: 'were one user and are now several', together: 'were several users and are now one' } as const;
  for (const { now, ...who } of await engine.tokens.listNamesakes())
    log.warn(who, `names that differ only in case or width ${change[now]}; see npx pushgate people --help`);
}

async function openCountedStore(options: GatewayOptions & { metrics: Metrics; tell: Tell }, onMigrated: () => void): Promise<Store> {
  const { storeSeconds } = options.metrics;
  const watch = watchStore(options.tell);
  const onOperation = (op: StoreOperation, outcome: 'ok' | 'fault', seconds: number): void => {
    storeSeconds.observe({ op, outcome }, seconds);
    watch(op, outcome, seconds);
  };
  const store = await openStore(options, { log: options.log, onOperation, onMigrated });
  for (const op of Object.keys(store).filter(isOperation)) storeSeconds.startAtZero({ op });
  return store;
}
