const mostListed = 12;

/** The known name closest to a misspelt one; undefined when none is close. Case and punctuation are ignored. */
export function nearestName<Name extends string>(name: string, known: readonly Name[]): Name | undefined {
  const folded = fold(name);
  let best: { known: Name; distance: number } | undefined;
  for (const each of known) {
    const distance = editDistance(folded, fold(each));
    if (distance <= Math.min(3, Math.floor(each.length / 2)) && distance < (best?.distance ?? 4)) best = { known: each, distance };
  }
  return best?.known;
}

/**
 * The sentence for an unknown name: `there is no realm "x"; there are: a, b`. `where` is the key that defines such
 * names, `known` the defined ones.
 */
export const noSuchName = (what: string, name: string, known: readonly { name: string }[], where: string): string =>
  `there is no ${what} "${name}"; ${known.length === 0 ? `define it under ${where}` : `there are: ${listed(known.map((each) => each.name))}`}`;

/** Lists up to twelve names, and how many more there are. */
export function listed(names: readonly string[]): string {
  const some = [...new Set(names)];
  const more = some.length - mostListed;
  return `${some.slice(0, mostListed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const longestCompared = 64;
const fold = (name: string): string =>
  name
    .slice(0, longestCompared)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b].entries())
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (left === right ? 0 : 1)));
    row = next;
  }
  return row.at(-1) ?? 0;
}
