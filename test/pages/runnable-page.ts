import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type GatewayProcess, gatewayAt } from '../kit/gateway-process.ts';
import type { Cleanup } from '../kit/temporary.ts';

/** What a page asks its reader to do: save a file, or type commands, after which it may show what they say. */
type Step = { kind: 'file'; name: string; text: string } | { kind: 'commands'; text: string; shown?: string };

/** Somebody who does what pages say, in one folder. */
export type Reader = {
  folder: string;
  /** Does what the section of a page under this heading asks for, and compares what commands say with what the page shows. */
  follow(page: string, heading: string): Promise<void>;
  /** The service that a page has set up. */
  gateway(): GatewayProcess;
  /** Runs commands, and returns what they wrote. */
  run(commands: string): Promise<string>;
};

/** `values`: what the reader writes in place of what stands on a page. `saved` may change a file before it is written. */
export type Surroundings = { folder: string; values: Readonly<Record<string, string>>; saved?: (name: string, text: string) => string };

const entry = resolve(process.env.PUSHGATE_ENTRY ?? 'bin/pushgate.mjs');
const journal = '.journal';
const exported = '.exported';
/** What stands in for programs that a reader types: our own one, the journal, and `sudo`, which does what it is asked to as this user. */
const standIns = `exec 2>&1
npx() { shift; '${process.execPath}' '${entry}' "$@"; }
journalctl() { cat ${journal}; }
sudo() { "$@"; }
[ ! -e ${exported} ] || . ./${exported}`;

/** A reader whose files are in `folder`. */
export function openReader(undo: Cleanup, { folder, values, saved = (_, text) => text }: Surroundings): Reader {
  let unit = '';
  let service: GatewayProcess | undefined;
  const running = (): GatewayProcess => service ?? assert.fail('the page has started no gateway yet');
  undo.later(() => service?.end('SIGTERM'));
  /** `systemctl`, by the unit that the page has saved. */
  const control = async (verb: string): Promise<void> => {
    if (verb === 'stop') return void assert.equal(await running().end('SIGTERM'), 0);
    const [, options = ''] = /^ExecStart=\S+ \S+pushgate\.mjs serve (.+)$/m.exec(unit) ?? assert.fail('the unit serves');
    service = await gatewayAt({ cwd: folder }, ...options.split(' '));
  };
  const commands = async (text: string): Promise<string> => {
    let written = '';
    for (const part of text.split(/^(sudo systemctl .*)\n/m)) {
      const [, verb] = /^sudo systemctl (stop|start|enable --now) pushgate$/.exec(part) ?? [];
      if (verb) await control(verb);
      else if (part.trim() !== '') {
        write(join(folder, journal), service?.output().err ?? '');
        written += await runIn(folder, part);
      }
    }
    return written;
  };
  const take = async (step: Step): Promise<void> => {
    if (step.kind === 'commands') return expectShown(step, await commands(step.text));
    if (step.name.endsWith('.service')) unit = step.text;
    else write(join(folder, step.name), saved(step.name, step.text));
  };
  return {
    folder,
    gateway: running,
    run: (text) => commands(withValues(text, values)),
    async follow(page, heading) {
      const text = withValues(readFileSync(page, 'utf8'), values);
      for (const step of stepsOf(sectionOf(text, heading))) await take(step);
    },
  };
}

/** The headings of the second level on a page, in order. */
export const headingsOf = (path: string): string[] =>
  [...readFileSync(path, 'utf8').matchAll(/^## (.+)$/gm)].map(([, title = '']) => title);

const withValues = (page: string, values: Readonly<Record<string, string>>): string =>
  Object.entries(values).reduce((text, [here, theirs]) => text.replaceAll(here, theirs), page);

function sectionOf(page: string, heading: string): string {
  const [, rest] = page.split(`\n## ${heading}\n`);
  assert.ok(rest !== undefined, `the page has no section "${heading}"`);
  return rest.split(/^## /m)[0] ?? '';
}

/** Blocks of `sh` are commands, `text` after one is what they say, and a block behind "Save this as `NAME`:" is that file. */
function stepsOf(section: string): Step[] {
  const steps: Step[] = [];
  for (const [, name, language, text = ''] of section.matchAll(/(?:Save this as `([^`]+)`:\n\n)?^```(\w*)\n([\s\S]*?)^```$/gm)) {
    const before = steps.at(-1);
    if (name !== undefined) steps.push({ kind: 'file', name, text });
    else if (language === 'sh') steps.push({ kind: 'commands', text });
    else if (language === 'text' && before?.kind === 'commands') before.shown = text;
  }
  assert.ok(steps.length > 0, 'a section without a step');
  return steps;
}

/** Each line that is shown was written, in that order; `…` stands for any text, and blanks may be more or fewer. */
function expectShown({ text, shown = '' }: Extract<Step, { kind: 'commands' }>, written: string): void {
  const lines = written.split('\n').map(squeezed);
  for (const line of shown.trimEnd().split('\n').filter(Boolean)) {
    const at = lines.findIndex((each) => patternOf(line).test(each));
    assert.ok(at >= 0, `${text}shows no line "${line}", but:\n${written}`);
    lines.splice(0, at + 1);
  }
}

const squeezed = (line: string): string => line.trim().replace(/\s+/g, ' ');
const patternOf = (line: string): RegExp =>
  new RegExp(
    `^${squeezed(line)
      .split('…')
      .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('.*')}$`,
  );

/** Runs commands one after the other until one fails; what they export stays for the next ones. */
async function runIn(folder: string, commands: string): Promise<string> {
  const script = `${standIns}\nset -e\n${commands}\nexport -p > ${exported}`;
  const child = spawn('bash', ['-c', script], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  let written = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written += text;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, `${commands}\n${written}`);
  return written;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
