import { styleText } from 'node:util';
import type { Terminal } from '../terminal.ts';

const formats = { heading: 'bold', good: 'green', warning: 'yellow', bad: 'red', faint: 'dim' } as const;

/** What a text means to its reader; the colour follows from it. */
export type Tone = keyof typeof formats;

/** The text in the colour of its tone; as it is where the output goes to no terminal, or NO_COLOR is set. */
export const coloured = ({ screen }: Pick<Terminal, 'screen'>, tone: Tone | undefined, text: string): string =>
  screen?.colours && tone !== undefined ? styleText(formats[tone], text, { validateStream: false }) : text;
