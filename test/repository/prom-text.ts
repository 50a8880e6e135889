/** One line of what a gateway shows to Prometheus. */
export type Sample = { name: string; labels: Readonly<Record<string, string>>; value: number };

/** Reads the text of `/metrics`. */
export const samplesOf = (text: string): Sample[] =>
  text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, labels: labelsOf(labels), value: Number(value) }];
  });

const labelsOf = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', value = '']) => [label, value]));

/** What a query asks for: names of metrics of ours or of Node, each with what it selects by. */
export type Selector = { name: string; matchers: readonly { label: string; fits(value: string): boolean }[] };

/** Reads the selectors of a query; `up` is Prometheus' own. */
export const selectorsOf = (expr: string): Selector[] =>
  [...expr.matchAll(/\b((?:pushgate|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)].map(([, name = '', matchers = '']) => ({
    name,
    matchers: [...matchers.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)].map(([, label = '', how = '', wanted = '']) => ({
      label,
      fits: (value: string) => (how.endsWith('~') ? new RegExp(`^(?:${wanted})$`).test(value) : value === wanted) !== how.startsWith('!'),
    })),
  }));

/** Labels by which a query sorts. */
export const groupedBy = (expr: string): string[] =>
  [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(',').map((label) => label.trim()));
