import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** The rules of a run: how long an answer and then a finish may take, and how late a reply may be; milliseconds. */
export type Rules = {
  validityMs: number;
  graceMs: number;
  replyMs: number;
  /** How long a phone may repeat its rollout. */
  rolloutMs: number;
  /** How far clocks of gateways may be from the clock of this history. */
  skewMs: number;
};

/** What a client sends. `of` is the transaction. */
export type Request =
  | { kind: 'rollout'; serial: string }
  | { kind: 'begin'; user: string }
  | { kind: 'answer'; of: string; says: 'accept' | 'decline'; signature: 'right' | 'wrong' }
  | { kind: 'poll' | 'finish'; of: string; by: 'owner' | 'stranger' }
  | { kind: 'cancel'; of: string };

/** What came back: the HTTP status, and what the body said; `outage` is the dialect's own envelope for a store that is away. */
export type Reply = { status: number; said: string; transaction?: string; outage?: boolean };

/**
 * One line: the rules, which stand first; a request, told apart by its number; its reply, or that there was none; a fault that begins or ends. `at` is epoch
 * milliseconds. A request without another line is one whose end nobody saw.
 */
export type Line =
  | { at: number; rules: Rules }
  | { at: number; number: number; sent: Request }
  | { at: number; number: number; reply: Reply }
  | { at: number; number: number; lost: string }
  | { at: number; fault: string; isOn: boolean };

/** A history that grows in a file, one JSON text a line; what a run before wrote stays. */
export type History = {
  write(line: Line): void;
  nextNumber(): number;
};

/** Opens it. */
export function openHistory(file: string): History {
  const before = readHistory(file);
  let number = before.reduce((most, line) => ('number' in line ? Math.max(most, line.number) : most), 0);
  return {
    write: (line) => appendFileSync(file, `${JSON.stringify(line)}\n`),
    nextNumber: () => {
      number += 1;
      return number;
    },
  };
}

/** All lines of the file; none where there is no file. A last line that was cut off is left out. */
export function readHistory(file: string): Line[] {
  if (!existsSync(file)) return [];
  const texts = readFileSync(file, 'utf8').split('\n');
  return texts.slice(0, -1).map((text): Line => JSON.parse(text));
}
