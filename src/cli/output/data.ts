import { Option } from 'commander';
import type { z } from 'zod';
import { CommandFailed, type Terminal } from '../terminal.ts';

/** What `--json` of a command prints, by its schema. */
export type DataOutput<Data> = {
  schema: z.ZodType<Data>;
  /** The option `--json`, for the command that prints this. */
  option(): Option;
  /** Reads the reply of a gateway by the schema; fields that the schema does not name are left out. */
  read(reply: unknown): Data;
  /** Prints one JSON document with `--json`; without it, what `asText` prints. */
  print(terminal: Terminal, flags: JsonFlag, data: Data, asText: (data: Data) => void): void;
};

/** The options of a command, as far as its output goes. */
export type JsonFlag = { json?: true | undefined };

/** The option `--json`, which knows the schema of what its command prints. */
export class JsonOption extends Option {
  readonly schema: z.ZodType;
  constructor(schema: z.ZodType) {
    super('--json', 'print one JSON document');
    this.schema = schema;
  }
}

/** Reads a reply of a gateway by a schema. A reply of another form is a `CommandFailed`. */
export function readReply<Data>(schema: z.ZodType<Data>, reply: unknown): Data {
  const found = schema.safeParse(reply);
  if (found.success) return found.data;
  throw new CommandFailed(
    'the gateway replied something else than this version of the command expects. Use the command of its version.',
    'unavailable',
  );
}

/**
 * Defines what a command prints with `--json`. Times are text of ISO 8601 (`z.iso.datetime()`); a field that does not apply is left out; a field that was
 * printed once keeps its name and its meaning.
 */
export const dataOutput = <Data>(schema: z.ZodType<Data>): DataOutput<Data> => ({
  schema,
  option: () => new JsonOption(schema),
  read: (reply) => readReply(schema, reply),
  print(terminal, { json }, data, asText) {
    if (json) terminal.out(JSON.stringify(schema.parse(data), null, 2));
    else asText(data);
  },
});
