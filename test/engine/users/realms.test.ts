import assert from 'node:assert/strict';
import { openRealms } from '../../../src/engine/users/index.ts';

describe('The user and the realm of a request', () => {
  const realms = openRealms([
    { name: 'corp', default: true, ignoreCase: false },
    { name: 'Lab', default: false, ignoreCase: false },
  ]);
  const rows: [what: string, user: string, realm: string | undefined, read: { user: string; realm: string } | 'unknown-realm'][] = [
    ['a name alone is of the default realm', 'alice', undefined, { user: 'alice', realm: 'corp' }],
    ['an empty realm is none', 'alice', '', { user: 'alice', realm: 'corp' }],
    ['a realm behind the @ counts', 'alice@lab', undefined, { user: 'alice', realm: 'Lab' }],
    ['a realm before the backslash counts', 'LAB\\alice', undefined, { user: 'alice', realm: 'Lab' }],
    ['the last @ counts', 'alice@home@lab', undefined, { user: 'alice@home', realm: 'Lab' }],
    ['what is no realm stays a part of the name', 'alice@home', undefined, { user: 'alice@home', realm: 'corp' }],
    ['a realm of its own beside the name', 'alice', 'LAB', { user: 'alice', realm: 'Lab' }],
    ['the same realm twice', 'alice@Corp', 'corp', { user: 'alice', realm: 'corp' }],
    ['two realms: the one beside the name counts, and the other is cut off', 'alice@lab', 'corp', { user: 'alice', realm: 'corp' }],
    ['two realms, the backslash', 'lab\\alice', 'corp', { user: 'alice', realm: 'corp' }],
    ['no realm behind the @, and one beside the name', 'alice@home', 'lab', { user: 'alice@home', realm: 'Lab' }],
    ['blanks alone are no realm', ' alice ', ' ', { user: 'alice', realm: 'corp' }],
    ['blanks around every part', ' alice @ lab ', ' CORP ', { user: 'alice', realm: 'corp' }],
    ['a realm that does not exist', 'alice', 'home', 'unknown-realm'],
    ['a realm that does not exist, beside one that does', 'alice@lab', 'home', 'unknown-realm'],
  ];
  for (const [what, user, realm, read] of rows) it(`${what}: ${user}, ${realm}`, () => assert.deepEqual(realms.resolve(user, realm), read));
});
