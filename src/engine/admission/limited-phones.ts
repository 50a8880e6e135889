import type { Actor } from '../../foundation/model/index.ts';
import { type CountedPrompts, countedPrompts, endPrompts, promptsBegin, promptsOf } from '../limits/index.ts';
import { type EngineParts, ownerNames } from '../parts.ts';
import { endFailures, type QuietLogins, quietLogins } from '../pins/pins-per-source.ts';

/**
 * A phone with counted prompts: how many recently rang without an accept, and until when (epoch ms) it is muted. The
 * names are those of its user.
 */
export type LimitedPhone = Pick<CountedPrompts, 'serial' | 'unanswered' | 'mutedUntil'> & { user: string; realm: string };

const maxListed = 5000;

/** {@link Admission.limitedPhones}. */
export async function limitedPhones(parts: EngineParts, serial?: string): Promise<LimitedPhone[]> {
  const { store, clock } = parts;
  const held =
    serial === undefined ? countedPrompts(await store.countersFrom(promptsBegin, clock(), maxListed)) : [await promptsOf(parts, serial)];
  const counting = held.filter(({ counters }) => counters.length > 0);
  return Promise.all(
    counting.map(async ({ counters: _counters, ...phone }) => {
      const token = await store.findToken(phone.serial);
      return { ...phone, ...(token ? ownerNames(token) : { user: '', realm: '' }) };
    }),
  );
}

/** {@link Admission.quietLogins}. */
export async function quietLoginsOf(parts: EngineParts, serial?: string): Promise<QuietLogins[]> {
  if (serial === undefined) return quietLogins(parts);
  const token = await parts.store.findToken(serial);
  return token ? quietLogins(parts, token) : [];
}

/** {@link Admission.clearPhone}. */
export async function clearPhone(parts: EngineParts, by: Actor, serial: string): Promise<boolean> {
  const token = await parts.store.findToken(serial);
  if (!token) return false;
  await Promise.all([endPrompts(parts, serial), endFailures(parts, [token])]);
  parts.tell({ kind: 'token-administered', act: 'clear-limits', serial, by, ...ownerNames(token) });
  return true;
}
