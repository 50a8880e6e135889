/** The maximum width of prose. */
const width = 120;

/** Escapes characters that Markdown would read as a tag or as emphasis. */
export const escaped = (text: string): string => text.replace(/[<*]/g, '\\$&');

/** Wraps a text, with this indent on all lines but the first. Code is never split. */
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

/** Formats a text as code. */
export const code = (text: string): string => `\`${text}\``;

/** The anchor that forges give a heading. */
export const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

/** A page of blocks, separated by empty lines. */
export const page = (blocks: readonly string[]): string => `${blocks.join('\n\n')}\n`;
