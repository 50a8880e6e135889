import { readFileSync } from 'node:fs';
import { Option } from 'commander';
import { readInputLine } from './input-line.ts';
import { CommandFailed, type Terminal, WrongUsage } from './terminal.ts';

/** Sources of a secret. Arguments are excluded, because other users of the machine can see them. */
export type SecretSource = { fromFile?: string | undefined; fromInput?: true | undefined };

/** The options `--<name>-file` and `--<name>-stdin`. */
export const secretOptions = (name: 'pin' | 'password'): Option[] => [
  new Option(`--${name}-file <file>`, `take the ${name} from the first line of a file`).conflicts([`${name}Stdin`, name]),
  new Option(`--${name}-stdin`, `take the ${name} from the first line of standard input`).conflicts(name),
];

/**
 * Reads a secret from the chosen source, else from the keyboard without echo; `twice` asks again for a new secret.
 * Throws if there is no source and no keyboard.
 */
export async function readSecret(
  terminal: Terminal,
  what: 'PIN' | 'password',
  { fromFile, fromInput }: SecretSource,
  { twice = false } = {},
): Promise<string> {
  if (fromFile !== undefined) return firstLineOf(fromFile);
  if (fromInput) return readInputLine(terminal);
  const { askSecret } = terminal;
  const option = what.toLowerCase();
  if (!askSecret) throw new WrongUsage(`there is no terminal to ask at. Give the ${what} with --${option}-file or --${option}-stdin.`);
  const ask = async (question: string): Promise<string> => {
    const typed = await askSecret(question);
    if (typed === undefined) throw new CommandFailed('stopped; nothing was changed.');
    return typed;
  };
  const first = await ask(`${what}: `);
  if (twice && (await ask(`${what} again: `)) !== first) throw new CommandFailed(`the two ${what}s differ; nothing was changed.`);
  return first;
}

function firstLineOf(file: string): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
    return text.split(/\r?\n/, 1)[0] ?? '';
  } catch {
    throw new WrongUsage(`cannot read a line of UTF-8 from ${file}.`);
  }
}
