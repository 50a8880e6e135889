/**
 * `npm run fuzz`: the long form, which goes on where it was stopped. `npm run fuzz -- NAME… --runs 1000000 --seed 1 --jobs 2 --fresh`: only these parsers,
 * so many inputs each, from this seed, so many at once, from the beginning. Ends with 1 when an input broke a property; that input is in the corpus then.
 */
import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { keep } from './engine/corpus.ts';
import { fuzzParser, openInputs } from './engine/fuzz.ts';
import type { Parser } from './engine/parser.ts';
import { parsers } from './parsers/index.ts';

const stateFile = 'build/fuzz/state.json';
/** What is read between two notes of how far it is. */
const stretch = 20_000;
/** An input that has not ended by then never will: the longest one takes some milliseconds, on a machine that is busy with others a second. */
const hangsAfterMs = 60_000;

type Done = { runs: number; ms: number; ends: Record<string, number> };
type State = { seed: number; parsers: Record<string, Done> };
type Job = { name: string; seed: number; from: number; until: number; progress: SharedArrayBuffer };
type Message =
  | { kind: 'stretch'; ms: number; runs: number; ends: [string, number][] }
  | { kind: 'finding'; file: string; problem: string }
  | { kind: 'over' };

const nothingDone: Done = { runs: 0, ms: 0, ends: {} };

async function work({ name, seed, from, until, progress }: Job): Promise<void> {
  const parser = parserNamed(name);
  const at = new Int32Array(progress);
  for (let next = from; next < until; next += stretch) {
    const begun = performance.now();
    const onInput = (number: number): void => {
      Atomics.store(at, 0, number);
      Atomics.add(at, 1, 1);
    };
    const told = await fuzzParser(parser, { seed, from: next, runs: Math.min(stretch, until - next) }, { keepEnds: true, onInput });
    tell({ kind: 'stretch', ms: performance.now() - begun, runs: told.done, ends: [...told.ends] });
    if (told.finding) return tell({ kind: 'finding', file: told.finding.file, problem: told.finding.problem });
  }
  tell({ kind: 'over' });
}

const tell = (message: Message): void => parentPort?.postMessage(message);

function parserNamed(name: string): Parser {
  const parser = parsers.find((each) => each.name === name);
  if (!parser) throw new Error(`there is no parser ${name}; there are: ${parsers.map((each) => each.name).join(', ')}`);
  return parser;
}

/** Reads the inputs of one parser in a thread, so that one that never ends can be told. Returns what it found. */
function fuzzInThread(parser: Parser, { state, until }: { state: State; until: number }): Promise<string | undefined> {
  const progress = new SharedArrayBuffer(8);
  const done = state.parsers[parser.name] ?? structuredClone(nothingDone);
  state.parsers[parser.name] = done;
  const makeInput = openInputs(parser, state.seed);
  const worker = new Worker(import.meta.filename, {
    workerData: { name: parser.name, seed: state.seed, from: done.runs, until, progress },
  });
  let [seen, since] = [-1, performance.now()];
  return new Promise((resolve, reject) => {
    let found: string | undefined;
    const watch = setInterval(() => {
      const [number = 0, beat = 0] = new Int32Array(progress);
      if (beat === 0 || beat !== seen) [seen, since] = [beat, performance.now()];
      else if (performance.now() - since > hangsAfterMs) {
        found = `${keep(parser, 'finding', makeInput(number))}: input ${number} had not ended after ${hangsAfterMs} ms`;
        void worker.terminate();
      }
    }, 1000);
    worker.on('message', (message: Message) => {
      if (message.kind === 'stretch') {
        note(done, message);
        return writeState(state);
      }
      if (message.kind === 'finding') found = `${message.file}: ${message.problem}`;
      // Libraries that the parsers load may keep a thread alive.
      clearInterval(watch);
      void worker.terminate();
    });
    worker.once('error', reject).once('exit', () => {
      clearInterval(watch);
      resolve(found);
    });
  });
}

function note(done: Done, { runs, ms, ends }: Extract<Message, { kind: 'stretch' }>): void {
  done.runs += runs;
  done.ms += ms;
  for (const [end, count] of ends) done.ends[end] = (done.ends[end] ?? 0) + count;
}

function writeState(state: State): void {
  mkdirSync('build/fuzz', { recursive: true });
  writeFileSync(stateFile, JSON.stringify(state, null, 1));
}

function line(name: string, { runs, ms, ends }: Done): string {
  const taken = Object.entries(ends).reduce((sum, [end, count]) => sum + (end.startsWith('taken') ? count : 0), 0);
  return `${name}: ${runs} inputs, ${Math.round(runs / (ms / 1000 || 1))} per second, ${taken} taken, ${Object.keys(ends).length} ends`;
}

async function main(): Promise<void> {
  const options = {
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    fresh: { type: 'boolean' },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.fresh) rmSync(stateFile, { force: true });
  const known: State | undefined = existsSync(stateFile) ? JSON.parse(readFileSync(stateFile, 'utf8')) : undefined;
  const seed = Number(values.seed ?? known?.seed ?? randomInt(2 ** 31));
  const state = known?.seed === seed ? known : { seed, parsers: {} };
  process.stdout.write(`seed ${seed}, ${values.runs} inputs each\n`);
  const waiting = positionals.length > 0 ? positionals.map(parserNamed) : [...parsers];
  const until = Number(values.runs);
  const runSome = async (): Promise<void> => {
    for (let parser = waiting.shift(); parser; parser = waiting.shift()) {
      const found = await fuzzInThread(parser, { state, until });
      process.stdout.write(`${line(parser.name, state.parsers[parser.name] ?? nothingDone)}\n`);
      if (found === undefined) continue;
      process.exitCode = 1;
      process.stdout.write(`${parser.name}: FOUND ${found}\n`);
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, runSome));
}

await (isMainThread ? main() : work(workerData));
