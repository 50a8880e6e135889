import type { Argument, Command, Option } from 'commander';
import type { z } from 'zod';
import { JsonOption } from './output/index.ts';

/** Loads the command line with one command, or with all of them (`*`) for commands that describe others. */
export type Programs = (name: string | undefined) => Promise<Command>;

/** An option as plain data. `value` is the name of its argument, such as `<file>`; undefined for a flag. */
export type OptionNode = {
  long: string;
  short?: string | undefined;
  value?: string | undefined;
  takesFile: boolean;
  choices: readonly string[];
  description: string;
  usual?: string | undefined;
  isRequired: boolean;
};

/**
 * A command as plain data, for completion and the reference. `path` leaves `pushgate` out, so it is empty for the root.
 */
export type CommandNode = {
  path: string;
  summary: string;
  usage: string;
  arguments: { name: string; description: string; takesFile: boolean; choices: readonly string[]; usual?: string | undefined }[];
  options: OptionNode[];
  children: CommandNode[];
  /** Example command lines. */
  examples: string[];
  /** Other paragraphs of its help text. */
  remarks: string[];
  /** The schema of its `--json` output; undefined if the command has no such option. */
  json?: z.ZodType | undefined;
};

/** Reads the commands of a program that has loaded all of them. */
export function commandTree(command: Command, path = ''): CommandNode {
  const { examples, remarks } = textsOf(command);
  return {
    path,
    summary: command.description(),
    usage: command.usage(),
    arguments: command.registeredArguments.map(argumentNode),
    options: command.options.filter(({ hidden }) => !hidden).map(optionNode),
    children: command.commands.map((child) => commandTree(child, `${path} ${child.name()}`.trim())),
    examples,
    remarks,
    json: command.options.find((option) => option instanceof JsonOption)?.schema,
  };
}

/** A command and all its subcommands. */
export function* everyNode(node: CommandNode): Generator<CommandNode> {
  yield node;
  for (const child of node.children) yield* everyNode(child);
}

const isFile = (placeholder: string): boolean => /^[<[](file|folder)(\.\.\.)?[>\]]$/.test(placeholder);

const argumentNode = (argument: Argument): CommandNode['arguments'][number] => {
  const { required, variadic, description, defaultValue, argChoices } = argument;
  const name = argument.name();
  const dots = variadic ? '...' : '';
  const shown = required ? `<${name}${dots}>` : `[${name}${dots}]`;
  return {
    name: shown,
    description,
    takesFile: isFile(shown),
    choices: argChoices ?? [],
    usual: defaultValue === undefined ? undefined : String(defaultValue),
  };
};

function optionNode({ flags, long, short, argChoices, description, defaultValue, mandatory }: Option): OptionNode {
  const value = /[<[].*$/.exec(flags)?.[0];
  return {
    long: long ?? flags,
    short,
    value,
    takesFile: value !== undefined && isFile(value),
    choices: argChoices ?? [],
    description,
    usual: defaultValue === undefined || defaultValue === '' ? undefined : [defaultValue].flat().join(' '),
    isRequired: mandatory,
  };
}

/** The parts of the help text after the options. */
function textsOf(command: Command): Pick<CommandNode, 'examples' | 'remarks'> {
  let help = '';
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  const after = help.slice(command.helpInformation().length).trim();
  const [remarks = '', examples = ''] = after.split(/(?:^|\n\n?)Example:\n/);
  return {
    examples: examples
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean),
    remarks: remarks.split('\n').filter(Boolean),
  };
}
