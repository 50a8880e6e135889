import { existsSync, rmSync } from 'node:fs';
import type { Cleanup } from '../kit/temporary.ts';
import { check, summary } from './checker.ts';
import { openCrowd } from './clients.ts';
import { type Fault, faults } from './faults.ts';
import { openHistory, readHistory } from './history.ts';
import { type Random, seeded } from './random.ts';
import { openStand, type Stand, type StoreKind } from './stand.ts';

/** What a stint is to do, and the file that its history goes to. */
export type Wish = { store: StoreKind; kills: number; seed: number; file: string; only?: readonly string[] | undefined };

/** What became of it: every broken promise in a sentence, how often what was broken, and the history in numbers. */
export type StintReport = { wrong: string[]; faults: Record<string, number>; numbers: Record<string, number> };

/** One fault in three kills nothing, where there is a choice. */
const othersIn = 3;
/** After a fault is mended: connections that broke are noticed, and what was under way has its reply. */
const calmMs = 500;

/**
 * Starts a fresh store and its gateways, lets a crowd in, breaks and mends things until so many kills are done (`only`: each of these faults once instead),
 * and checks the history. `undo` ends all that was started, also where the stint is given up. Undefined where no mongod is to be had.
 */
export async function runStint(undo: Cleanup, { store, kills, seed, file, only }: Wish): Promise<StintReport | undefined> {
  if (existsSync(file)) rmSync(file);
  const random = seeded(seed);
  try {
    const stand = await openStand(undo, store, random);
    if (!stand) return undefined;
    const told = await breakThings(stand, random, { plan: planOf(random, { store, kills, only }), file, seed });
    const history = readHistory(file);
    return { wrong: check(history), faults: told, numbers: summary(history) };
  } finally {
    await undo.run();
  }
}

function planOf(random: Random, { store, kills, only }: Pick<Wish, 'store' | 'kills' | 'only'>): Fault[] {
  const possible = faults.filter(({ on }) => on === undefined || on === store);
  if (only) return possible.filter(({ name }) => only.includes(name));
  const plan: Fault[] = [];
  for (let done = 0; done < kills; ) {
    const isOther = random.below(othersIn) === 0;
    plan.push(random.pick(possible.filter(({ isKill }) => isKill !== isOther)));
    if (!isOther) done += 1;
  }
  return plan;
}

async function breakThings(stand: Stand, random: Random, { plan, file, seed }: { plan: Fault[]; file: string; seed: number }) {
  const history = openHistory(file);
  history.write({ at: Date.now(), rules: stand.rules });
  // What the crowd does goes by dice of its own: how far it comes depends on the machine, and the faults shall not.
  const crowd = openCrowd(stand, history, seeded(seed + 1));
  const told: Record<string, number> = {};
  await crowd.untilAcknowledged(1);
  for (const fault of plan) {
    await crowd.untilAcknowledged(1 + random.below(12));
    history.write({ at: Date.now(), fault: fault.name, isOn: true });
    const mend = await fault.strike(stand, random);
    await mend();
    await stand.untilReady();
    await new Promise((calm) => setTimeout(calm, calmMs));
    history.write({ at: Date.now(), fault: fault.name, isOn: false });
    await crowd.settle();
    told[fault.name] = (told[fault.name] ?? 0) + 1;
  }
  await crowd.untilAcknowledged(5);
  await crowd.end();
  await crowd.settle();
  return told;
}
