import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';

/**
 * How a parser ended with one input. `as` is one of a few words for it: an input that ends in a new way is kept in the corpus. `value` is what was read.
 */
export type Outcome = { end: 'taken' | 'refused'; as: string; value?: unknown };

/** What was read. */
export const taken = (value: unknown, as = 'taken'): Outcome => ({ end: 'taken', as, value });

/** Why nothing was. */
export const refused = (as = 'refused'): Outcome => ({ end: 'refused', as });

/** A parser that strangers reach: one row of the table. */
export type Parser = {
  /** Names its corpus folder. */
  name: string;
  /** The source files that it is about. */
  of: readonly string[];
  /** Messages that changes begin from: at least one. */
  seeds: () => readonly Buffer[];
  /** The most bytes that a stranger can send there. */
  longest: number;
  /**
   * Opens what reads inputs. A read throws for whatever is not an end that the parser declares, and where a property of its own does not hold: what is
   * read is written and read again, or a changed message is taken for a signed one.
   */
  open: () => (input: Buffer) => Outcome | Promise<Outcome>;
};

/** An input that broke a property, and how. */
export type Finding = { input: Buffer; problem: string };

const perByte = 8;
const always = 4096;
/** The longest inputs take a hundredth of this; work that grows with their square takes more. */
const mostCpuMs = 250;
/** What was late once may have waited for a compiler or the collection of garbage. */
const tries = 3;

/**
 * Reads one input twice, and asserts what holds for every parser: no throw, the same end both times, and no more work and no larger a result than
 * the input allows.
 */
export async function judge(read: ReturnType<Parser['open']>, input: Buffer, again = true): Promise<Outcome | Finding> {
  try {
    const begun = cpuMs();
    const outcome = await read(Buffer.from(input));
    if (cpuMs() - begun > mostCpuMs) await assertShort(read, input);
    const size = sizeOf(outcome.value);
    assert.ok(size <= perByte * input.length + always, `${input.length} bytes became ${size}`);
    if (again) {
      const second = await read(Buffer.from(input));
      assert.ok(isDeepStrictEqual(second, outcome), 'the same input ended in another way');
    }
    return outcome;
  } catch (error) {
    return { input, problem: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** Of this thread alone, so that other work of the machine does not count. */
const cpuMs = (): number => process.threadCpuUsage().user / 1000;

async function assertShort(read: ReturnType<Parser['open']>, input: Buffer): Promise<void> {
  const times: number[] = [];
  while (times.length < tries) {
    const begun = cpuMs();
    await read(Buffer.from(input));
    times.push(cpuMs() - begun);
  }
  assert.ok(Math.min(...times) <= mostCpuMs, `${input.length} bytes took ${Math.round(Math.min(...times))} ms of the processor`);
}

/** How much a value holds: its texts and bytes, and one for anything else. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length;
  if (typeof value !== 'object' || value === null) return 1;
  if (value instanceof Map) return sizeOf([...value].flat());
  return Object.entries(value).reduce((sum, [name, member]) => sum + name.length + sizeOf(member), 1);
}
