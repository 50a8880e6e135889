import assert from 'node:assert/strict';
import { barredIn } from '../../../../src/engine/users/ldap/account-state.ts';

/** Tenths of microseconds since 1601, as Active Directory writes a moment. */
const fileTime = (at: number): string => String((BigInt(at) + 11_644_473_600_000n) * 10_000n);

describe('What an entry says of its account', () => {
  const now = Date.parse('2026-06-15T12:00:00Z');
  /** A directory's attribute with one value, and what it makes of the account; a row more is a case more. */
  const rows: [attribute: string, value: string, why: string | undefined][] = [
    ['userAccountControl', '514', 'disabled'],
    ['userAccountControl', '512', undefined],
    ['useraccountcontrol', '66050', 'disabled'],
    ['userAccountControl', 'none', undefined],
    ['accountExpires', '0', undefined],
    ['accountExpires', '9223372036854775807', undefined],
    ['accountExpires', fileTime(now), 'expired'],
    ['accountExpires', fileTime(now + 1000), undefined],
    ['msDS-User-Account-Control-Computed', '16', 'locked'],
    ['msDS-User-Account-Control-Computed', '8388608', undefined],
    ['nsAccountLock', 'TRUE', 'disabled'],
    ['nsAccountLock', 'false', undefined],
    ['krbPrincipalExpiration', '20260615115959Z', 'expired'],
    ['krbPrincipalExpiration', '20260615120001Z', undefined],
    ['krbPrincipalExpiration', '20260615135959+0200', 'expired'],
    ['krbPrincipalExpiration', '20260615135959.5+02', 'expired'],
    ['krbPrincipalExpiration', 'never', undefined],
    ['pwdAccountLockedTime', '000001010000Z', 'locked'],
    ['pwdAccountLockedTime', '20260615115900Z', undefined],
    ['pwdEndTime', '20260101000000Z', 'expired'],
    ['loginDisabled', 'TRUE', 'disabled'],
    ['loginExpirationTime', '2026061511Z', 'expired'],
    ['lockedByIntruder', 'TRUE', 'locked'],
    ['shadowExpire', '20000', 'expired'],
    ['shadowExpire', '30000', undefined],
    ['shadowExpire', '-1', undefined],
    ['shadowExpire', '0', undefined],
  ];
  for (const [attribute, value, why] of rows)
    it(`is ${why ?? 'nothing'} by ${attribute} ${value}`, () => {
      assert.equal(barredIn({ dn: 'uid=alice', [attribute]: value }, now), why);
      assert.equal(barredIn({ dn: 'uid=alice', [attribute]: [value] }, now), why);
    });

  it('is nothing where it has none of them', () => assert.equal(barredIn({ dn: 'uid=alice', accountExpires: [] }, now), undefined));
});
