import { type Terminal, WrongUsage } from './terminal.ts';

const longestLine = 4096;

/**
 * The first line of standard input, without its line break. Throws if it is too long or not UTF-8; the error never
 * shows it.
 */
export async function readInputLine({ input }: Terminal): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of input?.() ?? []) {
    chunks.push(Buffer.from(chunk));
    if (chunk.includes(lineFeed) || Buffer.concat(chunks).length > longestLine) break;
  }
  const bytes = Buffer.concat(chunks);
  const end = bytes.indexOf(lineFeed);
  const line = bytes.subarray(0, end < 0 ? undefined : end);
  if (line.length > longestLine) throw new WrongUsage(`the line on standard input has more than ${longestLine} bytes.`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(line).replace(/\r$/, '');
  } catch {
    throw new WrongUsage('the line on standard input is not UTF-8; set the terminal or the script to UTF-8.');
  }
}

const lineFeed = 0x0a;
