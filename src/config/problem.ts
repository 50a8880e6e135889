/** A problem in a configuration file: its place, and advice. Warnings do not prevent a start. */
export type Problem = { path: readonly PropertyKey[]; message: string; level: 'error' | 'warning' };

/** A path as text: `providers[1].config.push_url[0]`. The file itself is `(file)`. */
export function pathText(path: readonly PropertyKey[]): string {
  const text = path.reduce<string>(
    (so, key) => (typeof key === 'number' ? `${so}[${key}]` : so === '' ? String(key) : `${so}.${String(key)}`),
    '',
  );
  return text === '' ? '(file)' : text;
}

/** A problem as one line. */
export const problemText = ({ path, message, level }: Problem): string =>
  `${pathText(path)}: ${level === 'warning' ? 'warning: ' : ''}${message}`;
