import type { Random } from './random.ts';
import type { Stand, StoreKind } from './stand.ts';

/** Something that breaks and is mended. `isKill`: a process dies at once. `on`: the store where it can happen, if not both. */
export type Fault = { name: string; isKill: boolean; on?: StoreKind; strike(stand: Stand, random: Random): Promise<() => Promise<void>> };

const nothing = async (): Promise<void> => undefined;
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const mongodOf = ({ mongod }: Stand): NonNullable<Stand['mongod']> => {
  if (!mongod) throw new Error('there is no mongod');
  return mongod;
};

/** All that may break. */
export const faults: readonly Fault[] = [
  {
    name: 'a gateway is killed',
    isKill: true,
    async strike({ nodes }, random) {
      const node = random.pick(nodes);
      await node.kill();
      return node.start;
    },
  },
  {
    name: 'all gateways are killed',
    isKill: true,
    on: 'mongodb',
    async strike({ nodes }) {
      await Promise.all(nodes.map((node) => node.kill()));
      return async () => void (await Promise.all(nodes.map((node) => node.start())));
    },
  },
  {
    name: 'the database is killed',
    isKill: true,
    on: 'mongodb',
    async strike(stand) {
      await mongodOf(stand).kill();
      return mongodOf(stand).start;
    },
  },
  {
    name: 'the primary steps down',
    isKill: false,
    on: 'mongodb',
    async strike(stand) {
      await mongodOf(stand).stepDown(2);
      return nothing;
    },
  },
  {
    name: 'connections to the database break',
    isKill: false,
    on: 'mongodb',
    async strike(stand, random) {
      mongodOf(stand).wire.cut();
      await after(random.below(1000));
      return async () => mongodOf(stand).wire.mend();
    },
  },
  {
    name: 'the network to the database loses everything',
    isKill: false,
    on: 'mongodb',
    async strike(stand) {
      mongodOf(stand).wire.hold();
      await after(3000);
      return async () => mongodOf(stand).wire.mend();
    },
  },
  {
    name: 'connections of clients break',
    isKill: false,
    async strike({ nodes }, random) {
      const { wire } = random.pick(nodes);
      wire.cut();
      return async () => wire.mend();
    },
  },
  {
    name: 'the disk is full',
    isKill: false,
    on: 'embedded',
    async strike({ nodes }) {
      for (const node of nodes) node.fillDisk(true);
      await after(1500);
      return async () => {
        for (const node of nodes) node.fillDisk(false);
      };
    },
  },
  {
    name: 'the push service fails',
    isKill: false,
    async strike({ fakes }, random) {
      const how = [{ status: 503 }, { reset: true }, { hang: true }, { delayMs: 1000 }] as const;
      fakes.setFault({ fake: 'fcm', ...random.pick(how) });
      await after(1000);
      return async () => fakes.clearFaults();
    },
  },
];
