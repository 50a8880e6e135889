import { z } from 'zod';
import { type CommandNode, commandTree, everyNode } from '../../src/cli/command-tree.ts';
import { environmentVariables } from '../../src/cli/environment-variables.ts';
import { exitCodes } from '../../src/cli/exit-codes.ts';
import { wholeProgram } from '../../src/cli/index.ts';
import { anchor, bullet, code, escaped, page, wrapped } from './markdown.ts';

/** The page about all commands: usage, options, `--json` output, environment variables and exit codes. */
export async function cliPage(): Promise<string> {
  const nowhere = { out: ignore, err: ignore, environment: {}, stopRequested: async () => undefined, onReloadRequested: () => ignore };
  const root = commandTree(await wholeProgram(nowhere));
  return page([
    ...introduction,
    '## Exit codes',
    Object.entries(exitCodes)
      .map(([name, { code: number, meaning }]) => bullet(`${code(String(number))} ${name}`, meaning))
      .join('\n'),
    '## Environment variables',
    Object.entries(environmentVariables)
      .map(([name, does]) => bullet(code(name), does))
      .join('\n'),
    '## Commands',
    root.children.map((node) => bullet(linkTo(node), escaped(node.summary))).join('\n'),
    ...[...everyNode(root)].slice(1).flatMap(section),
  ]);
}

const ignore = (): void => undefined;

const introduction = [
  '# Command line reference',
  wrapped(
    'Every command is `npx pushgate COMMAND`, or `pushgate COMMAND` where it is installed. `--help` behind any of them shows what stands here.',
  ),
  [
    bullet(
      '**Text**',
      'a list is a table below a line of headings, on a terminal and in a pipe. Columns are two or more spaces apart, no cell holds two spaces in a row, and an empty ' +
        "cell is `-`: `awk -F '  +' 'NR > 1 { print $2 }'` prints the second column. A terminal gets colours and the number of rows as well, and no column that is empty in every row.",
    ),
    bullet(
      '**`--json`**',
      'prints one JSON document instead. Times are ISO 8601. A field that does not apply is left out. A field keeps its name and its meaning; new fields may come.',
    ),
    bullet(
      '**Errors**',
      'are one sentence on standard error, with an exit code of the table below. Hints and the progress of long work go there, too; progress is shown on a terminal only.',
    ),
  ].join('\n'),
];

const headingOf = ({ path }: CommandNode): string => `pushgate ${path}`;
const linkTo = (node: CommandNode): string => `[${code(node.path)}](#${anchor(headingOf(node))})`;

function section(node: CommandNode): string[] {
  const { path, summary, usage, arguments: words, options, examples, remarks, json, children } = node;
  const rows = [
    ...words.map(({ name, description, choices, usual }) => bullet(code(name), described(description, choices, usual))),
    ...options.map(({ short, long, value = '', description, choices, usual, isRequired }) =>
      bullet(
        code(`${short === undefined ? '' : `${short}, `}${`${long} ${value}`.trim()}`),
        described(`${isRequired ? 'Required. ' : ''}${description}`, choices, usual),
      ),
    ),
  ];
  return [
    `${path.includes(' ') ? '####' : '###'} ${headingOf(node)}`,
    wrapped(escaped(summary)),
    ...(children.length > 0 && rows.length === 0 ? [] : [block(`pushgate ${path} ${usage}`)]),
    ...(children.length > 0 ? [wrapped(`Commands: ${children.map(linkTo).join(', ')}.`)] : []),
    ...(rows.length > 0 ? [rows.join('\n')] : []),
    ...remarks.map((line) => wrapped(escaped(line))),
    ...(json ? [`${code('--json')} prints:`, block(shapeOf(z.toJSONSchema(json, { unrepresentable: 'any' })))] : []),
    'Example:',
    block(examples.join('\n'), 'sh'),
  ];
}

const block = (text: string, language = ''): string => `\`\`\`${language}\n${text}\n\`\`\``;

const described = (text: string, choices: readonly string[], usual: string | undefined): string =>
  [
    escaped(text),
    ...(choices.length > 0 ? [`one of ${choices.map(code).join(', ')}`] : []),
    ...(usual === undefined ? [] : [`default ${code(usual)}`]),
  ].join('; ');

type Shape = z.core.JSONSchema.BaseSchema;

/** A JSON Schema in short form: `{ tokens: [{ serial: text, user?: text }] }`. */
function shapeOf(schema: Shape, indent = ''): string {
  const { type, properties, items, enum: choices, const: only, format, additionalProperties } = schema;
  if (only !== undefined) return JSON.stringify(only);
  if (choices) return choices.map((each) => JSON.stringify(each)).join(' | ');
  if (properties) {
    const required = schema.required ?? [];
    const lines = Object.entries(properties).map(
      ([name, each]) => `${indent}  ${name}${required.includes(name) ? '' : '?'}: ${shapeOf(each as Shape, `${indent}  `)}`,
    );
    const more = schema.additionalProperties && Object.keys(schema.additionalProperties).length === 0 ? [`${indent}  …`] : [];
    return `{\n${[...lines, ...more].join('\n')}\n${indent}}`;
  }
  if (type === 'array') return `[${shapeOf(items as Shape, indent)}]`;
  if (type === 'object') return `{ [name]: ${shapeOf(additionalProperties as Shape, indent)} }`;
  if (format === 'date-time') return 'time';
  return { string: 'text', integer: 'number', number: 'number', boolean: 'true | false' }[String(type)] ?? 'any';
}
