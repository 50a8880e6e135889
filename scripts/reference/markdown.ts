/** The widest line of prose. */
const width = 120;

/** What Markdown would read as a tag or as emphasis is shown as it is. */
export const escaped = (text: string): string => text.replace(/[<*]/g, '\\$&');

/** A text in lines of prose, each but the first behind this indent. No line ends inside of code. */
export function wrapped(text: string, indent = ''): string {
  const lines = [''];
  for (const word of text.match(/(?:`[^`]*`|[^\s`])+/g) ?? []) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > width) lines.push(`${indent}${word}`);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.join('\n');
}

/** One bullet of a list. */
export const bullet = (name: string, text: string): string => wrapped(`- ${name}: ${text}`, '  ');

/** A text as code. */
export const code = (text: string): string => `\`${text}\``;

/** The anchor that a heading gets on the pages of a forge. */
export const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

/** A page of its parts, which are blocks with an empty line between them. */
export const page = (blocks: readonly string[]): string => `${blocks.join('\n\n')}\n`;
