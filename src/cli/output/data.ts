import { Option } from 'commander';
import type { z } from 'zod';
import { CommandFailed, type Terminal } from '../terminal.ts';

/** The `--json` output of a command, by its schema. */
export type DataOutput<Data> = {
  schema: z.ZodType<Data>;
  /** The option `--json` for a command with this output. */
  option(): Option;
  /** Reads a reply of a gateway by the schema; unknown fields are dropped. */
  read(reply: unknown): Data;
  /** Prints one JSON document with `--json`; else runs `asText`. */
  print(terminal: Terminal, flags: JsonFlag, data: Data, asText: (data: Data) => void): void;
};

/** The options of a command that concern its output. */
export type JsonFlag = { json?: true | undefined };

/** The option `--json`, with the schema of its command's output. */
export class JsonOption extends Option {
  readonly schema: z.ZodType;
  constructor(schema: z.ZodType) {
    super('--json', 'print one JSON document');
    this.schema = schema;
  }
}

/** Reads a reply of a gateway by a schema. Throws `CommandFailed` for a reply of another form. */
export function readReply<Data>(schema: z.ZodType<Data>, reply: unknown): Data {
  const found = schema.safeParse(reply);
  if (found.success) return found.data;
  throw new CommandFailed(
    'the gateway replied something else than this version of the command expects. Use the command of its version.',
    'unavailable',
  );
}

/**
 * Defines the `--json` output of a command. Times are ISO 8601 text (`z.iso.datetime()`). A field that does not apply
 * is left out. A released field keeps its name and meaning.
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
