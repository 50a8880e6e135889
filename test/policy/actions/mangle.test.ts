import assert from 'node:assert/strict';
import { mangle, manglings } from '../../../src/policy/actions/mangle.ts';

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

  it('takes any expression that can be matched without going back, and says what to write instead of another', () => {
    for (const search of ['(a+)+$', '(a|aa)+$', '(?i)a', '(.*){9}x', 'a'.repeat(512)])
      assert.equal(manglings.safeParse(`user/${search}/x/`).success, true, search);
    const refused = manglings.safeParse(['user/a/b/', 'user/(a)\\1/x/']);
    assert.deepEqual(
      refused.error?.issues.map(({ path, message }) => [path, message]),
      [[[1], 'refers back to a group, which is not supported; write out what the group may hold']],
    );
    assert.equal(manglings.safeParse(`user/${'a'.repeat(513)}/x/`).success, false);
  });

  it('puts nothing where the replacement names a group that is not there', () => {
    assert.equal(one('user/^(a)b/[\\1\\2\\3]/')('ab'), '[a]');
    assert.equal(one('user/(a)|b/[\\1]/')('b'), '[]');
  });

  it('is never done to half a text: one that is too long is refused', () => {
    assert.equal(one('pass/a/b/')('a'.repeat(1024)), 'b'.repeat(1024));
    assert.throws(() => one('pass/a/b/')('a'.repeat(1025)), /^OverlongText: Parameter pass has more than 1024 characters\.$/);
  });
});
