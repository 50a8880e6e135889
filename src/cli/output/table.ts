import type { Terminal } from '../terminal.ts';
import { coloured, type Tone } from './colours.ts';

/** One column of a table. `head` is one word of capitals and underscores: scripts find the column by it. */
export type Column<Row> = {
  head: string;
  cell: (row: Row) => string | number | undefined;
  tone?: ((row: Row) => Tone | undefined) | undefined;
};

/**
 * Prints rows below a line of headings, which is there without any row, too. Columns are two or more spaces apart. A cell holds no two spaces in a row and
 * no line break, and an empty one is `-`: `awk -F '  +' 'NR > 1 { print $2 }'` finds a column. A terminal gets colours and the number of rows, and no column whose cells are all empty.
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

/** Strangers type names: a control character of theirs begins no line and moves no cursor, and is written as `\u{1b}`. */
export const visible = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`);
