import { demandName } from '../../../foundation/model/index.ts';
import { PiFault } from './errors.ts';

/** The parameters of a request, from all sources. */
export type PiParams = {
  /**
   * The text of a parameter (names are trimmed); undefined when absent. Throws 905 for a list, an object, a text with
   * NUL or a lone surrogate, and a name that is too long.
   */
  text(name: string): string | undefined;
  /** The same; throws `Missing parameter: …` when it is absent. */
  required(name: string): string;
  /** The values of a JSON list or of a comma-separated text; undefined when absent. Throws like `text`. */
  list(name: string): string[] | undefined;
  /** Whether a parameter has one of the values for true. */
  flag(name: string): boolean;
};

/** The values for true: `1`, `true` and three spellings. @see docs/protocols/privacyidea.md 2 point 3 */
export const isTrue = (value: unknown): boolean => [1, '1', true, 'True', 'true', 'TRUE'].some((yes) => yes === value);

/** Parameters that contain names. */
const names = ['user', 'username', 'realm', 'tokenrealm', 'resolver', 'serial', 'transaction_id', 'state'];

/** Reads values by name. */
export function piParams(values: ReadonlyMap<string, unknown>): PiParams {
  const text = (name: string): string | undefined => textOf(name, values.get(name));
  const textOf = (name: string, value: unknown): string | undefined => {
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'object') throw new PiFault('parameter', `Parameter ${name} must be a text.`);
    const found = String(value);
    if (found.includes('\0')) throw new PiFault('parameter', `Parameter ${name} must not contain NUL.`);
    // Lone surrogates have no UTF-8 encoding: all would have the same hash.
    if (!found.isWellFormed()) throw new PiFault('parameter', `Parameter ${name} must not contain half a character.`);
    return names.includes(name) ? demandName(`Parameter ${name}`, found) : found;
  };
  return {
    text,
    required(name) {
      const found = text(name);
      if (found === undefined) throw new PiFault('parameter', `Missing parameter: ${name}`);
      return found;
    },
    list(name) {
      const value = values.get(name);
      const texts = Array.isArray(value) ? value.map((each: unknown) => textOf(name, each) ?? '') : text(name)?.split(',');
      return texts?.map((each) => each.trim()).filter((each) => each !== '');
    },
    flag: (name) => isTrue(values.get(name)),
  };
}
