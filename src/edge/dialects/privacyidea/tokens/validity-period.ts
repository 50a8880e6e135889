import { PiFault, type PiParams } from '../../../formats/privacyidea/index.ts';

const isoForm = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)? ?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/** The window that a request names for push tokens (epoch ms); `null` where it takes an end of it away, absent where it says nothing. */
export type ValidityPeriod = { validFrom?: number | null; validUntil?: number | null };

/**
 * Reads `validity_period_start` and `validity_period_end`: ISO 8601 with or without an offset; without one the gateway's own time counts. Throws 905 for what
 * is no such moment, and for a window that ends before it starts.
 * @see docs/protocols/privacyidea.md 3.1, 10
 */
export function validityPeriod(params: PiParams): ValidityPeriod {
  const validFrom = moment(params, 'validity_period_start');
  const validUntil = moment(params, 'validity_period_end');
  if (validFrom && validUntil && validUntil <= validFrom)
    throw new PiFault('parameter', 'validity_period_end must be later than validity_period_start.');
  return { ...(validFrom === undefined ? {} : { validFrom }), ...(validUntil === undefined ? {} : { validUntil }) };
}

function moment(params: PiParams, name: string): number | null | undefined {
  const text = params.text(name)?.trim();
  if (text === undefined || text === '') return text === undefined ? undefined : null;
  const found = isoForm.test(text) && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(found)) throw new PiFault('parameter', `Could not parse ${name}. ISO-Format required.`);
  return found;
}

/** Whether there is such a day; `Date.parse` takes the 30th of February for the 2nd of March. */
const isDay = (text: string): boolean => new Date(`${text}T00:00Z`).toJSON()?.slice(0, 10) === text;

/** A moment as the info of a token shows it. */
export const shownMoment = (at: number): string => `${new Date(at).toISOString().slice(0, 16)}+0000`;
