import type { Entry } from 'ldapts';
import type { Barred } from '../user-source.ts';

/** Whether a value of an attribute bars the account at `now` (epoch ms). */
type Bars = (value: string, now: number) => boolean;

const isTrue: Bars = (value) => value.toLowerCase() === 'true';
const hasBit =
  (bit: number): Bars =>
  (value) =>
    (Number(value) & bit) !== 0;
const isPast: Bars = (value, now) => (generalizedTime(value) ?? Number.POSITIVE_INFINITY) <= now;

/** Units of 100 ns since 1601; 0 and the largest 64-bit number mean never. @see Microsoft, Accounts-Expires */
const isPastFileTime: Bars = (value, now) => {
  const ticks = Number(value);
  return ticks > 0 && ticks < 2 ** 63 - 1 && ticks / 10_000 - 11_644_473_600_000 <= now;
};

/** Days since 1970; 0 and less mean never. @see RFC 2307 2.1, shadow(5) */
const isPastDay: Bars = (value, now) => Number(value) > 0 && Number(value) * 86_400_000 <= now;

/**
 * Attributes by which directories bar an account. Temporary locks count only if the directory says whether they still
 * last: `pwdAccountLockedTime` of OpenLDAP stays after such a lock, so only its value for a permanent lock counts.
 */
const rules: readonly [attribute: string, why: Barred, bars: Bars][] = [
  // Active Directory
  ['userAccountControl', 'disabled', hasBit(0x2)],
  ['accountExpires', 'expired', isPastFileTime],
  ['msDS-User-Account-Control-Computed', 'locked', hasBit(0x10)],
  // 389 Directory Server, FreeIPA
  ['nsAccountLock', 'disabled', isTrue],
  ['krbPrincipalExpiration', 'expired', isPast],
  // OpenLDAP with ppolicy
  ['pwdAccountLockedTime', 'locked', (value) => value.startsWith('000001010000')],
  ['pwdEndTime', 'expired', isPast],
  // eDirectory
  ['loginDisabled', 'disabled', isTrue],
  ['loginExpirationTime', 'expired', isPast],
  ['lockedByIntruder', 'locked', isTrue],
  // POSIX accounts
  ['shadowExpire', 'expired', isPastDay],
];

/** The attributes to request by name, because servers send several of them only then. */
export const stateAttributes: readonly string[] = rules.map(([attribute]) => attribute);

/** Why the account of an entry is barred at `now` (epoch ms); undefined if no attribute bars it. */
export function barredIn(entry: Entry, now: number): Barred | undefined {
  const values = new Map(Object.entries(entry).map(([name, value]) => [name.toLowerCase(), [value].flat().map(String)]));
  return rules.find(([attribute, , bars]) => values.get(attribute.toLowerCase())?.some((value) => bars(value, now)))?.[1];
}

/**
 * Epoch ms of `20270131180000Z`, optionally with a fraction or an offset; undefined for any other text. @see RFC 4517
 * 3.3.13
 */
function generalizedTime(text: string): number | undefined {
  const [, year, month, day, hour, minute = '00', second = '00', sign, hours = '00', minutes = '00'] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:(\d\d))?)?(?:[.,]\d+)?(?:Z|([+-])(\d\d)(\d\d)?)$/.exec(text) ?? [];
  if (year === undefined) return undefined;
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${sign === undefined ? 'Z' : `${sign}${hours}:${minutes}`}`);
  return Number.isNaN(at) ? undefined : at;
}
