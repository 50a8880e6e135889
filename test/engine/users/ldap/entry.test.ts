import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AndFilter, EqualityFilter, FilterParser } from 'ldapts';
import { filterFor, userOf } from '../../../../src/engine/users/ldap/entry.ts';

describe('What is asked of an LDAP directory', () => {
  it('is always the filter of the configuration with the name as one value, whatever the name is', () => {
    const name = fc.array(fc.constantFrom('*', '(', ')', '\\', '\0', '&', '|', '=', '$', '{user}', '2a', 'ü', ' ', 'a'), { minLength: 1 });
    fc.assert(
      fc.property(
        name.map((parts) => parts.join('')),
        (user) => {
          const filter = FilterParser.parseString(filterFor('(&(objectClass=person)(uid={user}))', user));
          assert.ok(filter instanceof AndFilter);
          const [, second, ...more] = filter.filters;
          assert.ok(second instanceof EqualityFilter && more.length === 0);
          assert.deepEqual([second.attribute, String(second.value)], ['uid', user]);
        },
      ),
    );
  });
});

describe('An entry of an LDAP directory', () => {
  const attributes = { username: 'uid', userid: 'dn', givenname: 'gn', surname: 'sn', email: 'mail', phone: 'tel', mobile: 'mobile' };

  it('without a name is nobody, as a bind without a name takes any password', () => {
    const found = userOf({ dn: '', uid: 'alice' }, { attributes, typed: 'alice', resolver: 'ad' });
    assert.deepEqual(found, { ok: false, error: 'the entry has no name' });
  });

  it('with several login names goes by the one that was typed', () => {
    const entry = { dn: 'uid=a', UID: ['alice', 'Liddell'] };
    for (const [typed, name] of [
      ['LIDDELL', 'Liddell'],
      ['alice', 'alice'],
      ['someone', 'alice'],
    ] as const) {
      const found = userOf(entry, { attributes, typed, resolver: 'ad' });
      assert.ok(found.ok);
      assert.equal(found.value.user.username, name);
    }
  });
});
