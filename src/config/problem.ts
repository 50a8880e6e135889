/** Something wrong in a config file: where, and what to do. Warnings do not stop a start. */
export type Problem = { path: readonly PropertyKey[]; message: string; level: 'error' | 'warning' };

/** A path as operators read it: `providers[1].config.push_url[0]`. The file itself is `(file)`. */
export function pathText(path: readonly PropertyKey[]): string {
  const text = path.reduce<string>(
    (so, key) => (typeof key === 'number' ? `${so}[${key}]` : so === '' ? String(key) : `${so}.${String(key)}`),
    '',
  );
  return text === '' ? '(file)' : text;
}

/** One line for one problem. */
export const problemText = ({ path, message, level }: Problem): string =>
  `${pathText(path)}: ${level === 'warning' ? 'warning: ' : ''}${message}`;
