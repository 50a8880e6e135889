import type { Terminal } from '../terminal.ts';
import { coloured, type Tone } from './colours.ts';

/** One column of a table. `head` is one word of capitals and underscores, so that scripts can find the column. */
export type Column<Row> = {
  head: string;
  cell: (row: Row) => string | number | undefined;
  tone?: ((row: Row) => Tone | undefined) | undefined;
};

/**
 * Prints rows below a heading line, which is also printed without rows. Columns are separated by two or more spaces. A
 * cell has no line break and no double space; an empty cell is `-`. So `awk -F '  +' 'NR > 1 { print $2 }'` finds a
 * column. On a terminal there are colours and a row count, and empty columns are hidden.
 */
export function printTable<Row>(terminal: Terminal, rows: readonly Row[], all: readonly Column<Row>[]): void {
  const isTold = ({ cell }: Column<Row>): boolean =>
    !terminal.screen || rows.length === 0 || rows.some((row) => cellText(cell(row)) !== '-');
  const columns = all.filter(isTold);
  const body = rows.map((row) => columns.map(({ cell }) => cellText(cell(row))));
  const widths = columns.map(({ head }, at) => Math.max(head.length, ...body.map((cells) => widthOf(cells[at] ?? ''))));
  const line = (cells: readonly string[], toneOf: (at: number) => Tone | undefined): string =>
    cells
      .map((text, at) => {
        const padding = at === cells.length - 1 ? '' : ' '.repeat((widths[at] ?? 0) - widthOf(text));
        return coloured(terminal, toneOf(at), text) + padding;
      })
      .join('  ');
  terminal.out(
    line(
      columns.map(({ head }) => head),
      () => 'heading',
    ),
  );
  for (const [index, row] of rows.entries()) terminal.out(line(body[index] ?? [], (at) => columns[at]?.tone?.(row)));
  if (terminal.screen) terminal.out(coloured(terminal, 'faint', `${rows.length} in all`));
}

const widthOf = (text: string): number => [...text].length;

function cellText(value: string | number | undefined): string {
  const text = visible(String(value ?? ''))
    .replace(/ {2,}/g, ' ')
    .trim();
  return text === '' ? '-' : text;
}

/** Makes control characters harmless, because names come from outside: they are written as `\u{1b}`. */
export const visible = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`);
