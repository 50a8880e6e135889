import { PiFault, type PiParams } from '../../../formats/privacyidea/index.ts';

const isoForm = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)? ?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/** The requested validity of push tokens (epoch ms); `null` removes an end, an absent field leaves it. */
export type ValidityPeriod = { validFrom?: number | null; validUntil?: number | null };

/**
 * Reads `validity_period_start` and `validity_period_end`: ISO 8601; without an offset, local time of the gateway.
 * Throws 905 for an invalid time, and for a period that ends before it starts.
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

/** Whether the date exists; `Date.parse` turns February 30 into March 2. */
const isDay = (text: string): boolean => new Date(`${text}T00:00Z`).toJSON()?.slice(0, 10) === text;

/** A time in the info of a token. */
export const shownMoment = (at: number): string => `${new Date(at).toISOString().slice(0, 16)}+0000`;
