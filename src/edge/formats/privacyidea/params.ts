import { demandName } from '../../../foundation/model/index.ts';
import { PiFault } from './errors.ts';

/** The parameters of a request, wherever they came from. */
export type PiParams = {
  /**
   * The text of a parameter, a name without the blanks around it; undefined when it is not there. Throws 905 for a list, a record, a text with NUL or half
   * a character, and a name that is too long.
   */
  text(name: string): string | undefined;
  /** The same, but throws `Missing parameter: …` when it is not there. */
  required(name: string): string;
  /** The texts of a list in JSON, or of a text with commas between; undefined when it is not there. Throws as `text`. */
  list(name: string): string[] | undefined;
  /** Whether a parameter is one of the values that count as yes. */
  flag(name: string): boolean;
};

/** What counts as yes: `1`, `true` and its three spellings. @see docs/protocols/privacyidea.md 2 point 3 */
export const isTrue = (value: unknown): boolean => [1, '1', true, 'True', 'true', 'TRUE'].some((yes) => yes === value);

/** Parameters that name somebody or something. */
const names = ['user', 'username', 'realm', 'tokenrealm', 'resolver', 'serial', 'transaction_id', 'state'];

/** Reads values by name. */
export function piParams(values: ReadonlyMap<string, unknown>): PiParams {
  const text = (name: string): string | undefined => textOf(name, values.get(name));
  const textOf = (name: string, value: unknown): string | undefined => {
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'object') throw new PiFault('parameter', `Parameter ${name} must be a text.`);
    const found = String(value);
    if (found.includes('\0')) throw new PiFault('parameter', `Parameter ${name} must not contain NUL.`);
    // A lone surrogate has no bytes: hashed, all of them would be one.
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
