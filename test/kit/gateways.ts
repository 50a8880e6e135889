import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyringFile, type Keyring, openKeyring } from '../../src/foundation/keyring/index.ts';
import { configText } from './gateway.ts';
import { type GatewayProcess, gatewayProcess } from './gateway-process.ts';
import { type PiClient, piClient } from './pi-client.ts';
import { freePort } from './ports.ts';
import { type Cleanup, temporaryFolder } from './temporary.ts';

/** One of several gateway processes. `start` starts it again after its end. */
export type GatewayNode = { client: PiClient; process: GatewayProcess; start(): Promise<void> };

/** Gateway processes that share only the database and the keyring. */
export type GivenGateways = {
  nodes: [GatewayNode, ...GatewayNode[]];
  keyring: Keyring;
  /** Headers of the administrator. */
  admin: Record<string, string>;
  /** Starts one more, which reaches the database at this address. */
  add(url: string): Promise<GatewayNode>;
};

/** Settings for many clients: no source limit, long time limits. */
const patient = {
  logLevel: 'silent',
  serverKeyStock: 1,
  sourceFailures: 1_000_000,
  PushChallengeValidityTime: 600,
  adminTokenLifeMs: 3_600_000,
};

/** Starts `count` gateways on one database; `undo` kills them. */
export async function givenGateways(
  undo: Cleanup,
  { count, url, database, store = {}, settings = {} }: { count: number; url: string; database: string; store?: object; settings?: object },
): Promise<GivenGateways> {
  const folder = temporaryFolder(undo);
  createKeyringFile(join(folder, 'keyring.json'), 0);
  let started = 0;
  const add = async (at: string): Promise<GatewayNode> => {
    started += 1;
    const name = `gateway-${started}`;
    const [file, port] = [join(folder, `${name}.json`), await freePort()];
    writeFileSync(join(folder, `${name}.url`), at);
    const mongodb = { kind: 'mongodb', url: { $file: `${name}.url` }, database, ...store };
    writeFileSync(file, configText({ settings: { ...patient, ...settings }, more: { store: mongodb } }, `127.0.0.1:${port}`));
    const node = {
      client: piClient(`http://127.0.0.1:${port}`),
      process: await gatewayProcess(file),
      async start() {
        node.process = await gatewayProcess(file);
      },
    };
    undo.later(() => node.process.end('SIGKILL'));
    return node;
  };
  // The first one makes the account and prints its password.
  const first = await add(url);
  const others = await Promise.all(Array.from({ length: count - 1 }, () => add(url)));
  const password = /Password:\s+(\S+)/.exec(first.process.output().out)?.[1] ?? '';
  return {
    nodes: [first, ...others],
    keyring: openKeyring(readFileSync(join(folder, 'keyring.json'), 'utf8')),
    admin: await first.client.login('admin', password),
    add,
  };
}

/** Runs `work` for all items, this many at a time. */
export async function eachOf<T>(items: readonly T[], parallel: number, work: (item: T, index: number) => Promise<unknown>): Promise<void> {
  const rest = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = rest.shift(); next; next = rest.shift()) await work(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}
