import type { Clock, MuteReason, Tell } from '../../foundation/model/index.ts';
import type { Counter, Store } from '../../store/store.ts';

type Parts = { store: Pick<Store, 'countUp' | 'countersFrom' | 'endCounters'>; clock: Clock };

/**
 * The kinds of places for prompts: the usual ones, those for known clients while the phone is muted, and the rare one
 * for all others then.
 */
export type PromptPlaces = 'usual' | 'known' | 'rare';

const maxCounters = 200;
/** The prefix of all prompt counters. */
export const promptsBegin = 'prompt:';
const beginningOf = (serial: string): string => `${promptsBegin}${encodeURIComponent(serial)} `;
const mutedKey = (serial: string): string => `${beginningOf(serial)}muted`;
const placeKey = (serial: string, places: PromptPlaces, number: number): string => `${beginningOf(serial)}${places} ${number}`;

/** The prompts counted for one phone. `mutedUntil` (epoch ms): the phone does not ring before. */
export type CountedPrompts = { serial: string; mutedUntil?: number | undefined; unanswered: number; counters: Counter[] };

/** Groups the counters of prompts by phone. */
export function countedPrompts(counters: readonly Counter[]): CountedPrompts[] {
  const bySerial = Map.groupBy(counters, ({ key }) => decodeURIComponent(key.slice(promptsBegin.length, key.indexOf(' '))));
  return [...bySerial].map(([serial, held]) => ({
    serial,
    mutedUntil: held.find(({ key }) => key === mutedKey(serial))?.endsAt,
    unanswered: held.filter(({ key }) => key.startsWith(`${beginningOf(serial)}usual `)).length,
    counters: held,
  }));
}

/** The prompts that count for the phone of this push token. */
export async function promptsOf({ store, clock }: Parts, serial: string): Promise<CountedPrompts> {
  const [held] = countedPrompts(await store.countersFrom(beginningOf(serial), clock(), maxCounters));
  return held ?? { serial, unanswered: 0, counters: [] };
}

/**
 * Takes one of `most` places for a prompt, each for `windowMs`, so that concurrent logins cannot exceed that number in
 * any such time. Returns the key of the place, or when the first one will be free (epoch ms).
 */
export async function takePrompt(
  { store, clock }: Parts,
  { serial, counters }: CountedPrompts,
  { places, most, windowMs }: { places: PromptPlaces; most: number; windowMs: number },
): Promise<{ key: string } | { freeAt: number }> {
  const now = clock();
  let freeAt = now + windowMs;
  for (let number = 0; number < most; number += 1) {
    const key = placeKey(serial, places, number);
    const { count, endsAt } = counters.find((held) => held.key === key) ?? (await store.countUp(key, now, now + windowMs));
    if (count === 1 && endsAt === now + windowMs && !counters.some((held) => held.key === key)) return { key };
    freeAt = Math.min(freeAt, endsAt);
  }
  return { freeAt };
}

/** A phone to mute for `forMs`, and why. */
export type Mute = { serial: string; because: MuteReason; forMs: number; user: string; realm: string };

/** Mutes a phone; the event is emitted once. */
export async function mutePhone({ store, clock, tell }: Parts & { tell: Tell }, mute: Mute): Promise<void> {
  if (mute.forMs === 0) return;
  const now = clock();
  const { count } = await store.countUp(mutedKey(mute.serial), now, now + mute.forMs);
  if (count === 1) tell({ kind: 'phone-muted', ...mute });
}

/** Clears the prompts and the mute of this phone. */
export const endPrompts = ({ store }: Pick<Parts, 'store'>, serial: string): Promise<void> => store.endCounters(beginningOf(serial));
