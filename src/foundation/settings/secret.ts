import { z } from 'zod';

/** A secret of the configuration. It shows its text only to who asks by name; logs, errors and JSON show `[secret]`. */
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

const instead = 'a secret stands here as {"$env": "NAME"} or {"$file": "path"}, never as itself';

/** A field of the config file that holds a reference (`{"$env": …}` or `{"$file": …}`); whoever reads the field gets the `Secret` behind it. */
export const secret = z
  .custom<Secret>((value) => value instanceof Secret, { error: ({ input }) => (input === undefined ? `is missing; ${instead}` : instead) })
  .meta({
    type: 'object',
    properties: { $env: { type: 'string' }, $file: { type: 'string' } },
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
  });
