import { nearestName, ok, type Result, refused } from '../../foundation/model/index.ts';
import type { ReferenceEntry } from './entry.ts';

/**
 * The entries that match a key, with those below it. `asked` is a whole key (`settings.lockout`, `providers.firebase`),
 * its place in a file (`providers[0].config.proxy`), or only the last part (`lockout`). Refused with the nearest name,
 * or with an empty text if none is near.
 */
export function findEntries<Entry extends ReferenceEntry>(entries: readonly Entry[], asked: string): Result<Entry[], string> {
  const key = asked.trim().replace(/\[\d*\]/g, '');
  const names = entries.flatMap((entry) => [entry.key, entry.place]);
  const isAt = (name: string): boolean => name === key || name.startsWith(`${key}.`);
  const exact = entries.filter((entry) => isAt(entry.key) || isAt(entry.place));
  if (exact.length > 0) return ok(exact);
  const isInside = (name: string): boolean => `${name}.`.includes(`.${key}.`);
  const inside = key === '' ? [] : entries.filter((entry) => isInside(entry.key));
  if (inside.length > 0) return ok(inside);
  const lastParts = names.map((name) => name.slice(name.lastIndexOf('.') + 1));
  return refused(nearestName(key, [...new Set([...names, ...lastParts])]) ?? '');
}
