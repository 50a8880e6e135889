import { userInfo } from 'node:os';
import type { LoadedConfig } from '../config/index.ts';
import { type AuditParams, readAuditParams, shownEntry, strangeCursor } from '../edge/formats/management/index.ts';
import { type AuditTool, type Erased, type ErasedFrom, openAuditTool } from '../engine/audit/index.ts';
import type { AuditVerified } from '../engine/index.ts';
import { localActor, record, records } from '../foundation/model/index.ts';
import { openLog } from '../foundation/telemetry/index.ts';
import { keyringOf } from '../gateway/keyring.ts';
import type { GatewayAddress } from './gateway-address.ts';
import { atGatewayOrStore, openFilledStore } from './gateway-or-store.ts';
import { type OpsClient, withQuery } from './ops-client.ts';
import { CommandFailed, type Terminal, WrongUsage } from './terminal.ts';

/** Verifying a large audit takes minutes. */
const verifyDeadlineMs = 30 * 60_000;

/** An entry as the operator interface shows it. */
export type ShownEntry = Readonly<Record<string, unknown>>;

/** Reads the audit: at the running gateway or in its store. Refusals are `CommandFailed`. */
export type AuditReader = {
  list(params: AuditParams): Promise<{ entries: ShownEntry[]; next: string | undefined }>;
  /** Throws `CommandFailed` if there is no such entry. */
  show(id: string): Promise<ShownEntry>;
  verify(): Promise<AuditVerified>;
  erase(who: Erased): Promise<ErasedFrom>;
};

/**
 * Opens the audit and runs `work`: at the running gateway; or in the store, when no gateway runs or several share a
 * MongoDB.
 */
export const withAudit = (address: GatewayAddress, terminal: Terminal, work: (reader: AuditReader) => Promise<void>): Promise<void> =>
  atGatewayOrStore(address, {
    atGateway: (client) => work(atGateway(client)),
    inStore: (loaded) => inStore(loaded, terminal, work),
  });

function atGateway(client: OpsClient): AuditReader {
  return {
    async list(params) {
      const { entries, next } = await client.call('GET', withQuery('/ops/audit', params));
      return { entries: records(entries).map(record), next: typeof next === 'string' ? next : undefined };
    },
    show: async (id) => record((await client.call('GET', `/ops/audit/${encodeURIComponent(id)}`)).entry),
    verify: async () => verifiedOf(await client.call('POST', '/ops/audit/verify', undefined, verifyDeadlineMs)),
    async erase(who) {
      const { entries, others } = await client.call('POST', '/ops/audit/erase', who);
      return { entries: Number(entries), others: Array.isArray(others) ? others.map(String) : [] };
    },
  };
}

function verifiedOf({ problem, ...counts }: Readonly<Record<string, unknown>>): AuditVerified {
  const count = (name: string): number => Number(counts[name]);
  const found = { chains: count('chains'), entries: count('entries'), checkpoints: count('checkpoints') };
  const rest = { expired: count('expired'), erased: count('erased') };
  if (problem === undefined) return { ...found, ...rest };
  const { writer, number, entry, what } = record(problem);
  const about = { writer: String(writer), number: Number(number), what: String(what) };
  return { ...found, ...rest, problem: typeof entry === 'string' ? { ...about, entry } : about };
}

async function inStore(loaded: LoadedConfig, terminal: Terminal, work: (reader: AuditReader) => Promise<void>): Promise<void> {
  const keyring = keyringOf(loaded, terminal.environment);
  const store = await openFilledStore(loaded, keyring);
  const aloneInStore = loaded.config.store.kind === 'embedded';
  const parts = { store, keyring, clock: Date.now, log: openLog('silent'), tell: () => undefined, aloneInStore };
  try {
    await work(storeReader(openAuditTool(parts)));
  } finally {
    await store.close();
  }
}

/** A reader over the store. It needs no hash chain of its own: only writing starts one. */
function storeReader(tool: AuditTool): AuditReader {
  return {
    async list(params) {
      const asked = readAuditParams(params, Date.now());
      if (!asked.ok) throw new WrongUsage(asked.error.why);
      const found = await tool.list(asked.value.query, asked.value.wish);
      if (!found.ok) throw new WrongUsage(strangeCursor);
      return { entries: found.value.lines.map(shownEntry), next: found.value.next };
    },
    async show(id) {
      const line = await tool.find(id);
      if (!line) throw new CommandFailed(`there is no entry ${id}.`, 'refused');
      return shownEntry(line);
    },
    verify: tool.verify,
    erase: (who) => tool.erase(localActor(userInfo().username), who),
  };
}
