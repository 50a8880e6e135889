import { ok, type Result, refused } from '../../../foundation/model/index.ts';

const date = /^(\d{4})(?:-(\d{2})-(\d{2})|(\d{2})(\d{2})|(?:-W(\d{2})(?:-([1-7]))?|W(\d{2})([1-7])?))/;
const time = /^(\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?)?/;
const offset = /^(?:Z|z|([+-])(\d{2})(?::?(\d{2})(?::?(\d{2}))?)?)$/;
const dayMs = 86_400_000;

/**
 * Parses an ISO 8601 timestamp to epoch ms (with a fraction). Accepts basic, extended and week dates, a space for `T`,
 * date only (midnight), and no offset (UTC). Undefined for anything else, including epoch numbers and HTTP dates.
 * @see docs/protocols/privacyidea.md 5.2
 */
export function parseTimestamp(text: string): number | undefined {
  const dateMatch = date.exec(text);
  const day = dateMatch && dayOf(dateMatch);
  if (!dateMatch || day === undefined || day === null) return undefined;
  const rest = text.slice(dateMatch[0].length);
  if (rest === '') return day;
  if (!/^[Tt ]/.test(rest)) return undefined;
  const timeMatch = time.exec(rest.slice(1));
  const timeMs = timeMatch && timeOf(timeMatch);
  if (!timeMatch || timeMs === undefined || timeMs === null) return undefined;
  const shift = offsetOf(rest.slice(1 + timeMatch[0].length));
  return shift === undefined ? undefined : day + timeMs - shift;
}

/**
 * Checks a phone's timestamp against the window (ms, both ends inclusive). The refusal has the protocol's text.
 * @see docs/protocols/privacyidea.md 5.2, 5.3
 */
export function checkTimestamp(text: string, now: number, windowMs: number): Result<number, string> {
  const moment = parseTimestamp(text);
  if (moment === undefined) return refused(`Could not parse timestamp ${text}. ISO-Format required.`);
  return Math.abs(now - moment) <= windowMs ? ok(moment) : refused(notInRange(text));
}

/** The refusal of a timestamp that is too old or too new. */
export const notInRange = (text: string): string => `Timestamp ${text} not in valid range.`;

function dayOf([, year, month, day, basicMonth, basicDay, week, weekday, basicWeek, basicWeekday]: RegExpExecArray): number | undefined {
  const weekNumber = week ?? basicWeek;
  if (weekNumber !== undefined) return weekDay(Number(year), Number(weekNumber), Number(weekday ?? basicWeekday ?? 1));
  return calendarDay(Number(year), Number(month ?? basicMonth), Number(day ?? basicDay));
}

function calendarDay(year: number, month: number, day: number): number | undefined {
  const moment = new Date(Date.UTC(year, month - 1, day));
  // Date.UTC reads years below 100 as 19xx; no phone sends those.
  return year >= 100 && moment.getUTCMonth() === month - 1 && moment.getUTCDate() === day ? moment.getTime() : undefined;
}

function weekDay(year: number, week: number, weekday: number): number | undefined {
  const fourth = new Date(Date.UTC(year, 0, 4));
  const firstMonday = fourth.getTime() - ((fourth.getUTCDay() + 6) % 7) * dayMs;
  const monday = firstMonday + (week - 1) * 7 * dayMs;
  const isInYear = week >= 1 && new Date(monday + 3 * dayMs).getUTCFullYear() === year;
  return year >= 100 && isInYear ? monday + (weekday - 1) * dayMs : undefined;
}

function timeOf([, hours, minutes = '0', seconds = '0', fraction = '0']: RegExpExecArray): number | undefined {
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(`0.${fraction}`) * 1000;
}

function offsetOf(text: string): number | undefined {
  if (text === '') return 0;
  const match = offset.exec(text);
  if (!match) return undefined;
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = match;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
  return sign === '-' ? -ms : ms;
}
