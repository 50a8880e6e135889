/** Live names by their recorded ones: the transaction numbers of the two servers. */
export type Names = Map<string, string>;

/** The number in a reply of simplecheck. */
const inText = /(?<=^:-\( )\d+/;

/** Records the live names of the transactions in a recorded reply; the first name of each is kept. */
export function learn(names: Names, recorded: unknown, live: unknown): void {
  if (typeof recorded === 'string' && typeof live === 'string') remember(names, inText.exec(recorded)?.[0], inText.exec(live)?.[0]);
  if (typeof recorded !== 'object' || recorded === null || typeof live !== 'object' || live === null) return;
  for (const [key, was] of Object.entries(recorded)) {
    const is: unknown = Reflect.get(live, key);
    if (key === 'transactionid' && typeof was === 'string' && typeof is === 'string') remember(names, was, is);
    else learn(names, was, is);
  }
}

function remember(names: Names, was: string | undefined, is: string | undefined): void {
  if (was !== undefined && is !== undefined && !names.has(was)) names.set(was, is);
}

/** A text with live names. */
export const inLiveNames = (names: Names, text: string): string => names.get(text) ?? text.replace(inText, (id) => names.get(id) ?? id);

/** Maps without a promised order. */
const unordered = ['transactions', 'challenges'];

/**
 * The same value with live names, as a text that keeps the order of its fields; a value that differs between servers is
 * replaced by its kind.
 */
export function shown(names: Names, value: unknown): string {
  return JSON.stringify(masked(names, value), null, 1);
}

function masked(names: Names, value: unknown, key = ''): unknown {
  if (key === 'LinOtp.TokenId' && typeof value === 'number') return 'some number';
  if (key === 'LinOtp.CreationDate' && typeof value === 'string')
    return value.replace(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/, 'some date');
  if (typeof value === 'string') return withoutSecrets(inLiveNames(names, value));
  if (Array.isArray(value)) return value.map((item) => masked(names, item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, item]) => [inLiveNames(names, name), masked(names, item, name)] as const);
  return Object.fromEntries(unordered.includes(key) ? entries.toSorted(([a], [b]) => a.localeCompare(b)) : entries);
}

/** Without keys and pictures, which differ between servers. */
function withoutSecrets(text: string): string {
  return text
    .replace(/lseqr:\/\/pair\/([\w-]+)/, (_, data: string) => {
      const bytes = Buffer.from(data, 'base64url');
      return `pairing ${bytes.fill(0, 10, 42).toString('latin1')}`;
    })
    .replace(/data:image\/png;base64,[^"]+/, 'some picture')
    .replace(/("user_dsa_public_key": )"[A-Za-z0-9+/]{43}="/, '$1some key');
}
