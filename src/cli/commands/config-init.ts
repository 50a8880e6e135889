import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { inspectText, problemText } from '../../config/index.ts';
import { createKeyringFile } from '../../foundation/keyring/index.ts';
import { systemCode } from '../../foundation/model/index.ts';
import { openLog } from '../../foundation/telemetry/index.ts';
import { type Answers, answerAll, draftConfig, questions, terminalConversation } from '../first-config/index.ts';
import { dataOutput } from '../output/index.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';

const defaultFile = 'pushgate.json';

/** The `--json` output: the written files, and the environment variable that must still be set. */
export const initOutput = dataOutput(
  z.object({ file: z.string(), keyring: z.string(), keyringIsNew: z.boolean(), variable: z.string().optional() }),
);
type Written = z.output<typeof initOutput.schema>;

/**
 * `pushgate config init [FILE]`: writes a first configuration that passes the check, and creates its keyring. It never
 * overwrites a file.
 */
export function configInitCommand(terminal: Terminal): Command {
  const init = new Command('init')
    .description('Write a first configuration. On a terminal it asks for what no option gives.')
    .argument('[file]', 'configuration file to write', defaultFile)
    .option('-y, --yes', 'ask nothing: take the default of what no option gives')
    .addOption(initOutput.option());
  for (const { name, value, text, choices, defaultAnswer } of questions) {
    const option = new Option(
      `--${name} <${value}>`,
      typeof defaultAnswer === 'string' && defaultAnswer !== '' ? `${text} (default: ${defaultAnswer})` : text,
    );
    init.addOption(choices ? option.choices(choices) : option);
  }
  return init
    .addHelpText('after', '\nPaths in options count from the working folder.')
    .addHelpText('after', `\nExample:\n  npx pushgate config init ${defaultFile} --provider firebase --firebase-key secrets/fcm.json`)
    .action(async (file: string, { json, ...options }: Readonly<Record<string, string | true>>, command: Command) => {
      refuseExisting(file);
      const answers = await answersOf(options, command);
      const config = draftConfig(answers, dirname(resolve(file)));
      const text = `${JSON.stringify(config, null, 2)}\n`;
      refuseLostKeyring(answers);
      await check(text, { file, answers, terminal });
      const written = write(text, { file, answers, terminal });
      initOutput.print(terminal, json ? { json: true } : {}, written, () => {
        for (const line of linesOf(written)) terminal.out(line);
      });
    });
}

/** Commander camel-cases option names: `phone-url` becomes `phoneUrl`. */
async function answersOf({ yes, ...options }: Readonly<Record<string, string | true>>, command: Command): Promise<Answers> {
  const given = Object.fromEntries(Object.entries(options).map(([name, answer]) => [kebab(name), String(answer)]));
  const conversation = yes ? undefined : terminalConversation();
  try {
    const answers = await answerAll(given, conversation);
    return answers.ok ? answers.value : command.error(answers.error, { exitCode: 2 });
  } finally {
    conversation?.close();
  }
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

type Draft = { file: string; answers: Answers; terminal: Terminal };

/** Runs the check of `check-config`. An environment variable that is not set yet is allowed. */
async function check(text: string, { file, answers, terminal }: Draft): Promise<void> {
  const variable = variableOf(answers);
  const environment = variable === undefined ? terminal.environment : { [variable]: 'mongodb://localhost', ...terminal.environment };
  const problems = await inspectText(text, resolve(file), environment, openLog('silent'));
  for (const problem of problems) terminal.err(problemText(problem));
  if (problems.some(({ level }) => level === 'error'))
    throw new CommandFailed('nothing was written: these answers make no configuration that can be used.', 'config');
}

const variableOf = (answers: Answers): string | undefined => answers['mongodb-url-variable'];

function write(text: string, { file, answers, terminal }: Draft): Written {
  const { keyring = '' } = answers;
  const keyringIsNew = !existsSync(keyring);
  writeNew(file, text);
  try {
    if (keyringIsNew) createKeyringFile(resolve(keyring), Date.now());
  } catch (error) {
    rmSync(file);
    throw error;
  }
  const variable = variableOf(answers);
  return { file, keyring, keyringIsNew, variable: variable !== undefined && terminal.environment[variable] ? undefined : variable };
}

const linesOf = ({ file, keyring, keyringIsNew, variable }: Written): string[] => [
  `${file}: the configuration`,
  `${keyring}: its keyring, ${keyringIsNew ? 'new. Back it up: nothing opens the store without it.' : 'as it was'}`,
  ...(variable === undefined ? [] : [`Set the variable ${variable} before the start.`]),
  '',
  'Next:',
  `  npx pushgate serve --config ${file}`,
];

function writeNew(file: string, text: string): void {
  try {
    // One folder only: with `recursive`, Node hangs if it cannot create part of the path, for example below /proc.
    if (!existsSync(dirname(resolve(file)))) mkdirSync(dirname(resolve(file)));
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    refuseExisting(file);
    throw new CommandFailed(
      `cannot write ${file} (${systemCode(error)}). Name a file in a folder that is there and that this user may write.`,
    );
  }
}

function refuseExisting(file: string): void {
  if (existsSync(file)) throw new CommandFailed(`${file} is there already, and nothing is overwritten. Name another file.`);
}

/** An existing store is sealed by its keyring; a new keyring could not open it. */
function refuseLostKeyring({ store, keyring = '', 'store-path': path = '' }: Answers): void {
  if (store === 'embedded' && existsSync(resolve(path)) && !existsSync(resolve(keyring)))
    throw new CommandFailed(`${path} is there, but not its keyring ${keyring}. Put the keyring back, or name another file of the store.`);
}
