import { z } from 'zod';

/** A secret of the configuration. Only `reveal` returns its text; logs, errors and JSON show `[secret]`. */
export class Secret {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  /** The secret itself. */
  reveal(): string {
    return this.#text;
  }
  toJSON(): string {
    return '[secret]';
  }
  toString(): string {
    return '[secret]';
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}

const instead = 'give a secret as {"$env": "NAME"} or {"$file": "path"}, never as plain text';

/** A configuration field with a reference to a secret (`{"$env": …}` or `{"$file": …}`), read as a `Secret`. */
export const secret = z
  .custom<Secret>((value) => value instanceof Secret, { error: ({ input }) => (input === undefined ? `is missing; ${instead}` : instead) })
  .meta({
    type: 'object',
    properties: { $env: { type: 'string' }, $file: { type: 'string' } },
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
  });
