import assert from 'node:assert/strict';
import { mangle, manglings } from '../../src/policy/mangle.ts';

describe('What a policy mangles', () => {
  const one = (text: string) => {
    const [mangling] = manglings.parse(text);
    assert.ok(mangling);
    return (value: string): string => mangle(mangling, value);
  };

  it('is written as privacyIDEA writes it, groups and all, and changed wherever it is found', () => {
    assert.equal(one('user/(.*)@example/\\1/')('alice@example'), 'alice');
    assert.equal(one('user/^(.)([a-z]+)$/\\2.\\1/')('alice'), 'lice.a');
    assert.equal(one('pass/[0-9]{6}$//')('1234567890'), '1234');
    assert.equal(one('realm/[ae]/$1\\7/')('realm'), 'r$1$1lm');
    assert.equal(one('user/x/y/')('alice'), 'alice');
    assert.deepEqual(
      manglings.parse(['user/a/b/', 'realm/c/d/']).map(({ key }) => key),
      ['user', 'realm'],
    );
  });

  it('is refused in another form', () => {
    for (const text of ['user', 'user/a/b', 'user//b/', 'serial/a/b/', 'user/(/b/', 'user/[b-a]/b/'])
      assert.equal(manglings.safeParse(text).success, false, text);
  });

  it('takes no expression that some text could hang the gateway with', () => {
    const slow = [
      ...['(a+)+$', '(a*)*b', '(a|aa)+$', '(.*){9}x', '.*.*.*x', '(a)\\1', '(?=a)a', '(?<n>a)', 'a?a?a?a?a?aaaaa'],
      ...['(a|b)(a|b)(a|b)(a|b)(a|b)', 'a{1,9}b{1,9}c{1,9}', 'a'.repeat(101)],
    ];
    for (const search of slow) assert.equal(manglings.safeParse(`user/${search}/x/`).success, false, search);
  });

  it('costs little in the worst case that is taken, and nothing for a text longer than any name', () => {
    const change = one('user/.*.*a?a?x/y/');
    const start = performance.now();
    const text = 'a'.repeat(256);
    assert.equal(change(text), text);
    assert.ok(performance.now() - start < 2000);
    assert.equal(one('user/a/b/')('a'.repeat(257)), 'a'.repeat(257));
  });
});
