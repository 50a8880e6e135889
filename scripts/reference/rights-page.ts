import { served } from '../../src/config/mounts.ts';
import type { GuardedPattern, Need, Needs } from '../../src/edge/http/index.ts';
import { code, page, wrapped } from './markdown.ts';

/** The page about what every route asks of its callers. */
export function rightsPage(): string {
  return page([
    '# Rights reference',
    wrapped(
      'Every route, and what its caller needs. A right is one of the `rights` of an auth server ([callers.md](../callers.md)). ' +
        'A permission is what a policy of scope `admin` gives to an administrator ([policies.md](policies.md)). ' +
        'Paths stand below the `path` of the mount. ' +
        'Where a mount has `publicPoll`, anybody may call `/validate/polltransaction`. The parameter `pin` of `/token/set` also needs `setpin`.',
    ),
    ...Object.entries(served).map(([serves, { callers, phones }]) =>
      [`## Mounts that serve ${code(serves)}`, table([...callers, ...phones])].join('\n\n'),
    ),
  ]);
}

function table(routes: readonly GuardedPattern[]): string {
  const rows = [
    ['Route', 'Needs'],
    ...routes.map(({ methods, path, needs }) => [code(`${methods.join('|')} ${path}`.replaceAll('|', ', ')), wordsOf(needs)]),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

function wordsOf(needs: Needs): string {
  if (typeof needs === 'object' && 'all' in needs) return needs.all.map(wordOf).join(' and ');
  return typeof needs === 'object' && 'any' in needs ? needs.any.map(wordOf).join(' or ') : wordOf(needs);
}

function wordOf(need: Need): string {
  if (typeof need === 'object') return 'right' in need ? `the right ${code(need.right)}` : `the permission ${code(need.permission)}`;
  switch (need) {
    case 'public':
      return 'nothing';
    case 'password':
      return 'the password of an administrator';
    case 'session':
      return 'the token of an administrator';
    case 'phone':
      return 'the key of a phone';
    case 'keycloak':
      return 'a token of a realm under `keycloaks`';
    default:
      return need satisfies never;
  }
}
