const foreign = /\b([Ww]hoever|[Ww]homever|[Nn]obody)\b|(?:^|[.:;] )(Who|Whom|Whose|None|Such|Those)\b/;

/** The problem of a text of the reference, as a short phrase; undefined for whole sentences in plain English. */
export function notPlain(text: string): string | undefined {
  if (text === '') return 'empty';
  if (!/[.…)]$/.test(text)) return 'without an end';
  if (foreign.test(text)) return `foreign: ${foreign.exec(text)?.[0]}`;
  const [longest = ''] = text.split(/(?<=[.:]) /).sort((a, b) => b.length - a.length);
  return longest.split(' ').length > 32 ? 'a sentence that is too long' : undefined;
}
