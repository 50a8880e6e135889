import type { Clock, MuteReason, Tell } from '../../foundation/model/index.ts';
import type { Counter, Store } from '../../store/store.ts';

type Parts = { store: Pick<Store, 'countUp' | 'countersFrom' | 'endCounters'>; clock: Clock };

/** Which places a prompt may take: those of everybody, those of known clients while nothing else rings, and the one that is left to all others then. */
export type PromptPlaces = 'usual' | 'known' | 'rare';

const mostHeld = 200;
/** How the counters of all prompts begin. */
export const promptsBegin = 'prompt:';
const beginningOf = (serial: string): string => `${promptsBegin}${encodeURIComponent(serial)} `;
const mutedKey = (serial: string): string => `${beginningOf(serial)}muted`;
const placeKey = (serial: string, places: PromptPlaces, number: number): string => `${beginningOf(serial)}${places} ${number}`;

/** What is counted of the prompts of one phone. `mutedUntil` (epoch ms): nothing rings before that. */
export type HeldPrompts = { serial: string; mutedUntil?: number | undefined; unanswered: number; counters: Counter[] };

/** What the counters of prompts say, phone by phone. */
export function heldPrompts(counters: readonly Counter[]): HeldPrompts[] {
  const bySerial = Map.groupBy(counters, ({ key }) => decodeURIComponent(key.slice(promptsBegin.length, key.indexOf(' '))));
  return [...bySerial].map(([serial, held]) => ({
    serial,
    mutedUntil: held.find(({ key }) => key === mutedKey(serial))?.endsAt,
    unanswered: held.filter(({ key }) => key.startsWith(`${beginningOf(serial)}usual `)).length,
    counters: held,
  }));
}

/** The prompts of the phone of one push token that count yet. */
export async function promptsOf({ store, clock }: Parts, serial: string): Promise<HeldPrompts> {
  const [held] = heldPrompts(await store.countersFrom(beginningOf(serial), clock(), mostHeld));
  return held ?? { serial, unanswered: 0, counters: [] };
}

/**
 * Takes one of `most` places for a prompt, each of which is taken for `windowMs`: so many prompts are in any such time, whoever asks at the same moment. The
 * key of the place, or when the first one is free again (epoch ms).
 */
export async function takePrompt(
  { store, clock }: Parts,
  { serial, counters }: HeldPrompts,
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

/** A phone that is not to ring for `forMs`, and why. */
export type Mute = { serial: string; because: MuteReason; forMs: number; user: string; realm: string };

/** From now on this phone does not ring; told once. */
export async function mutePhone({ store, clock, tell }: Parts & { tell: Tell }, mute: Mute): Promise<void> {
  if (mute.forMs === 0) return;
  const now = clock();
  const { count } = await store.countUp(mutedKey(mute.serial), now, now + mute.forMs);
  if (count === 1) tell({ kind: 'phone-muted', ...mute });
}

/** Nothing that was asked of this phone counts any more. */
export const endPrompts = ({ store }: Pick<Parts, 'store'>, serial: string): Promise<void> => store.endCounters(beginningOf(serial));
