/** Case folding; Greek sigma has two lower-case forms. */
const folded = (text: string): string => text.toLowerCase().replaceAll('ς', 'σ');

/** Compiles a pattern with `*` wildcards, case-insensitive. Matching takes time linear in the text. */
export function openGlob(glob: string): (text: string) => boolean {
  const fits = openExactGlob(folded(glob));
  return (text) => fits(folded(text));
}

/** The same, case-sensitive. */
export function openExactGlob(glob: string): (text: string) => boolean {
  const [first = '', ...middle] = glob.split('*');
  const last = middle.pop();
  return (found) => {
    if (last === undefined) return found === first;
    if (!found.startsWith(first) || !found.endsWith(last)) return false;
    let at = first.length;
    for (const part of middle) {
      // The first match is optimal: it leaves the most room for the remaining parts.
      const place = found.indexOf(part, at);
      if (place < 0) return false;
      at = place + part.length;
    }
    return at + last.length <= found.length;
  };
}
