import type { PiParams } from '../../../formats/privacyidea/index.ts';

/** One page of a list, from 1; it shows the entries `offset` to `offset + limit`. */
export type PiPage = { number: number; offset: number; limit: number };

const defaultPageSize = 15;
const largestPage = 1000;

/** Reads `page` and `pagesize`, which some lists name otherwise; what is no whole number from 1 counts as if it were not there. */
export function pageOf(params: PiParams, { name = 'pagesize', most = largestPage } = {}): PiPage {
  const number = wholeNumber(params.text('page'), 1, 1_000_000);
  const limit = wholeNumber(params.text(name), defaultPageSize, most);
  return { number, offset: (number - 1) * limit, limit };
}

/** The pages before and after one, as lists tell them. */
export const neighbours = ({ number, limit }: PiPage, count: number): { next: number | null; prev: number | null } => ({
  next: number * limit < count ? number + 1 : null,
  prev: number > 1 ? number - 1 : null,
});

function wholeNumber(text: string | undefined, fallback: number, most: number): number {
  const number = Number(text);
  return text && Number.isInteger(number) && number >= 1 ? Math.min(number, most) : fallback;
}
