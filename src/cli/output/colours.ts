import { styleText } from 'node:util';
import type { Terminal } from '../terminal.ts';

const formats = { heading: 'bold', good: 'green', warning: 'yellow', bad: 'red', faint: 'dim' } as const;

/** The meaning of a text, which decides its colour. */
export type Tone = keyof typeof formats;

/** The text in the colour of its tone; unchanged without a terminal or with NO_COLOR. */
export const coloured = ({ screen }: Pick<Terminal, 'screen'>, tone: Tone | undefined, text: string): string =>
  screen?.colours && tone !== undefined ? styleText(formats[tone], text, { validateStream: false }) : text;
