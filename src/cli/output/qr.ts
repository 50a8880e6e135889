import { onFirstUse } from '../../foundation/lazy/index.ts';
import type { Terminal } from '../terminal.ts';

/** The library, loaded with the first QR code. */
const qr = onFirstUse<typeof import('qr')>('qr');

/** Width of the blank border in squares, as ISO/IEC 18004 asks. */
const border = 4;
/** Two squares, one above the other, as one character. The light squares are drawn: bit 2 above, bit 1 below. */
const halves = [' ', '▄', '▀', '█'] as const;
const [whiteOnBlack, usual] = ['\u001b[97;40m', '\u001b[0m'];

const squaresOf = (text: string): boolean[][] => qr().default(text, 'raw', { ecc: 'low', border });

/**
 * A QR code as lines of half blocks, two squares high each. Light squares are drawn: with colours, white on black.
 * Without colours, a terminal with dark text on a light background shows it inverted, which phones can also read.
 */
export function qrLines(text: string, { colours }: { colours: boolean }): string[] {
  const squares = squaresOf(text);
  const lines: string[] = [];
  for (let y = 0; y < squares.length; y += 2) {
    const line = (squares[y] ?? []).map((isDark, x) => {
      // The square below the last row is not drawn.
      const isDarkBelow = squares[y + 1]?.[x] ?? true;
      return halves[(isDark ? 0 : 2) + (isDarkBelow ? 0 : 1)];
    });
    lines.push(colours ? `${whiteOnBlack}${line.join('')}${usual}` : line.join(''));
  }
  return lines;
}

/**
 * Draws a QR code on the terminal; draws nothing without one. On a narrow terminal it names the option that writes a
 * picture.
 */
export function printQr({ screen, out, err }: Terminal, text: string): void {
  if (!screen) return;
  const width = squaresOf(text).length;
  if (width > (screen.columns ?? Number.POSITIVE_INFINITY)) {
    err(`The QR code needs a terminal that is ${width} columns wide. With --qr FILE it is written as a picture.`);
    return;
  }
  for (const line of qrLines(text, screen)) out(line);
}
