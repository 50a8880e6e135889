const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const weekStart = 1;

/** A part of the week: weekdays (0 is Sunday) and minutes of the day, both ends inclusive. */
export type TimeRange = { weekdays: readonly number[]; from: number; to: number };

/**
 * Reads `Mon-Fri: 9:00-18:00, Sat: 10-12`, ignoring case and spaces. Returns an error text for ranges that can never
 * match: an unknown day, a start after the end, or days that wrap around the week.
 * @see docs/protocols/privacyidea.md 11.1
 */
export function readTimeRanges(text: string): TimeRange[] | { error: string } {
  const ranges: TimeRange[] = [];
  for (const part of text.toLowerCase().replaceAll(' ', '').split(',')) {
    const [, first = '', last = first, fromHour, fromMinute = '0', toHour, toMinute = '0'] =
      /^([a-z]{3})(?:-([a-z]{3}))?:(\d{1,2})(?::(\d{2}))?-(\d{1,2})(?::(\d{2}))?$/.exec(part) ?? [];
    if (fromHour === undefined) return { error: `cannot read "${part}"; write it as Mon-Fri: 09:00-17:30` };
    const [start, end] = [positionOf(first), positionOf(last)];
    if (start < 0 || end < 0) return { error: `"${part}" names a day that does not exist; days are Mon Tue Wed Thu Fri Sat Sun` };
    if (start > end) return { error: `"${part}" wraps around the week and never matches; write two ranges` };
    const [from, to] = [Number(fromHour) * 60 + Number(fromMinute), Number(toHour) * 60 + Number(toMinute)];
    if (from > to || to > 24 * 60 || Number(fromMinute) > 59 || Number(toMinute) > 59)
      return { error: `"${part}" never matches: its hours are not in order` };
    ranges.push({ weekdays: days.map((_, day) => day).filter((day) => weekPosition(day) >= start && weekPosition(day) <= end), from, to });
  }
  return ranges;
}

const weekPosition = (day: number): number => (day - weekStart + 7) % 7;
const positionOf = (name: string): number => (days.includes(name) ? weekPosition(days.indexOf(name)) : -1);

/** Whether a weekday and minute (from midnight) lie in one of the ranges. */
export function isInTime(ranges: readonly TimeRange[], { weekday, minute }: { weekday: number; minute: number }): boolean {
  return ranges.some(({ weekdays, from, to }) => weekdays.includes(weekday) && minute >= from && minute <= to);
}

/** The weekday and minute of an epoch time (ms), in the server's local time. */
export function weekMoment(now: number): { weekday: number; minute: number } {
  const local = new Date(now);
  return { weekday: local.getDay(), minute: local.getHours() * 60 + local.getMinutes() };
}
