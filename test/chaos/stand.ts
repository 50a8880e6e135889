import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createKeyringFile } from '../../src/foundation/keyring/index.ts';
import { givenFakes } from '../fakes/fakes-kit.ts';
import { configText, unlimited } from '../kit/gateway.ts';
import { type GatewayProcess, gatewayProcess } from '../kit/gateway-process.ts';
import { type MongodProcess, mongodProcess } from '../kit/mongod-process.ts';
import { type PiClient, piClient } from '../kit/pi-client.ts';
import { freePort } from '../kit/ports.ts';
import { relayParts } from '../kit/relay.ts';
import { type TcpProxy, tcpProxy } from '../kit/tcp-proxy.ts';
import { type Cleanup, temporaryFolder } from '../kit/temporary.ts';
import type { Rules } from './history.ts';
import type { Random } from './random.ts';

/** Which store the gateways are on. */
export type StoreKind = 'embedded' | 'mongodb';

/** A gateway process behind a wire that may be cut. */
export type Node = {
  client: PiClient;
  wire: TcpProxy;
  isUp: boolean;
  kill(): Promise<void>;
  /** Starts it again, with a clock that is up to a second off. */
  start(): Promise<void>;
  /** Lets it write nothing into any file, or lets it again: the disk is full as far as it can tell. */
  fillDisk(isFull: boolean): void;
};

/** What the crowd meets, and what faults are put into. */
export type Stand = {
  nodes: Node[];
  mongod: MongodProcess | undefined;
  fakes: Awaited<ReturnType<typeof givenFakes>>['fakes'];
  admin: Record<string, string>;
  keys: { owner: Record<string, string>; stranger: Record<string, string> };
  rules: Rules;
  /** Resolves when every gateway that runs can be used. */
  untilReady(): Promise<void>;
};

const limits = { serverSelectionTimeoutMs: 2000, operationTimeoutMs: 4000 };
/** How often a gateway is started that found no database in time: a supervisor does the same. */
const mostStarts = 5;
/** An operation that is given up, on a machine that is busy with starting what was killed. */
const rules: Rules = { validityMs: 20_000, graceMs: 300_000, replyMs: 15_000, rolloutMs: 500_000, skewMs: 2000 };
const secret = { owner: 'o'.repeat(32), stranger: 's'.repeat(32) };
const settings = {
  logLevel: 'silent',
  serverKeyStock: 4,
  sourceFailures: 1_000_000,
  DefaultMaxFailCount: 1000,
  PushChallengeValidityTime: rules.validityMs / 1000,
  adminTokenLifeMs: 36_000_000,
};
const policies = [
  unlimited,
  {
    name: 'enrol',
    scope: 'enrollment',
    actions: { push_firebase_configuration: 'fcm', push_registration_url: 'https://mfa.example.com/ttype/push' },
  },
];
const mostAheadMs = 1000;

/** Starts a store and its gateways: one on the embedded store, two on a MongoDB. Undefined where no mongod is to be had. */
export async function openStand(undo: Cleanup, kind: StoreKind, random: Random): Promise<Stand | undefined> {
  const mongod = kind === 'mongodb' ? await mongodProcess(undo) : undefined;
  if (kind === 'mongodb' && !mongod) return undefined;
  const folder = temporaryFolder(undo);
  const { fakes } = await givenFakes(undo);
  const { providers } = await relayParts(folder, fakes);
  createKeyringFile(join(folder, 'keyring.json'), Date.now());
  for (const [name, text] of Object.entries({ ...secret, mongodb: mongod?.url ?? '' }))
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  const more = {
    providers,
    policies,
    authServers: ['owner', 'stranger'].map((name) => ({
      name,
      mounts: ['/'],
      apiKeys: [{ $file: name }],
      rights: ['trigger', 'check', 'poll'],
    })),
    ...(mongod ? { store: { kind: 'mongodb', url: { $file: 'mongodb' }, database: 'pushgate-chaos', ...limits } } : {}),
  };
  const nodes: Node[] = [];
  let password = '';
  for (let number = 0; number < (mongod ? 2 : 1); number += 1) {
    const [file, port] = [join(folder, `gateway-${number}.json`), await freePort()];
    const mounts = [
      { path: '/', serves: 'privacyidea' },
      { path: '/', serves: 'ops' },
    ];
    writeFileSync(file, configText({ settings, mounts, more }, `127.0.0.1:${port}`));
    const { node, output } = await openNode(undo, { file, port, random });
    nodes.push(node);
    password ||= /Password:\s+(\S+)/.exec(output())?.[1] ?? '';
  }
  const admin = (await nodes[0]?.client.login('admin', password)) ?? {};
  const keys = { owner: { 'x-api-key': secret.owner }, stranger: { 'x-api-key': secret.stranger } };
  return { nodes, mongod, fakes, admin, keys, rules, untilReady: () => untilReady(nodes) };
}

type Place = { file: string; port: number; random: Random };

async function openNode(undo: Cleanup, { file, port, random }: Place): Promise<{ node: Node; output: () => string }> {
  const wire = await tcpProxy(undo, port);
  const begin = (): Promise<GatewayProcess> => {
    const aheadMs = random.below(2 * mostAheadMs) - mostAheadMs;
    const preload = `--import=${resolve('test/chaos/moved-clock.mjs')}`;
    const start = (left: number): Promise<GatewayProcess> =>
      gatewayProcess(file, { NODE_OPTIONS: preload, PUSHGATE_CHAOS_CLOCK_MS: String(aheadMs) }).catch((error: unknown) => {
        if (left === 0) throw error;
        return start(left - 1);
      });
    return start(mostStarts - 1);
  };
  let gateway = await begin();
  undo.later(() => gateway.end('SIGKILL'));
  const node: Node = {
    client: piClient(`http://127.0.0.1:${wire.port}`),
    wire,
    isUp: true,
    async kill() {
      node.isUp = false;
      await gateway.end('SIGKILL');
    },
    async start() {
      gateway = await begin();
      node.isUp = true;
    },
    fillDisk(isFull) {
      const most = isFull ? '0' : 'unlimited';
      execFileSync('prlimit', ['--pid', String(gateway.child.pid), `--fsize=${most}:`]);
    },
  };
  return { node, output: () => gateway.output().out };
}

async function untilReady(nodes: readonly Node[]): Promise<void> {
  const patience = Date.now() + 60_000;
  for (const { client, isUp } of nodes)
    while (isUp) {
      const status = await fetch(`${client.url}/readyz`).then(
        (reply) => reply.status,
        () => 0,
      );
      if (status === 200) break;
      if (Date.now() > patience) throw new Error(`a gateway is not ready after a minute: ${status}`);
      await new Promise((again) => setTimeout(again, 50));
    }
}
