/** Names that are the same but for their case are one here; Greek has two small forms of one letter. */
const folded = (text: string): string => text.toLowerCase().replaceAll('ς', 'σ');

/** Reads a text with `*` for anything, in any case. What it returns takes time in proportion to the text that it is asked about. */
export function openGlob(glob: string): (text: string) => boolean {
  const fits = openExactGlob(folded(glob));
  return (text) => fits(folded(text));
}

/** The same where case counts. */
export function openExactGlob(glob: string): (text: string) => boolean {
  const [first = '', ...middle] = glob.split('*');
  const last = middle.pop();
  return (found) => {
    if (last === undefined) return found === first;
    if (!found.startsWith(first) || !found.endsWith(last)) return false;
    let at = first.length;
    for (const part of middle) {
      // The first place is as good as any other: whatever follows has the most room after it.
      const place = found.indexOf(part, at);
      if (place < 0) return false;
      at = place + part.length;
    }
    return at + last.length <= found.length;
  };
}
