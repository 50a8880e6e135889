import type { PiParams } from '../../../formats/privacyidea/index.ts';

/** One page of a list, counted from 1; it has the entries `offset` to `offset + limit`. */
export type PiPage = { number: number; offset: number; limit: number };

const defaultPageSize = 15;
const largestPage = 1000;

/** Reads `page` and `pagesize`, or another `name`; anything but a whole number from 1 counts as absent. */
export function pageOf(params: PiParams, { name = 'pagesize', most = largestPage } = {}): PiPage {
  const number = wholeNumber(params.text('page'), 1, 1_000_000);
  const limit = wholeNumber(params.text(name), defaultPageSize, most);
  return { number, offset: (number - 1) * limit, limit };
}

/** The numbers of the next and previous pages, for list replies. */
export const neighbours = ({ number, limit }: PiPage, count: number): { next: number | null; prev: number | null } => ({
  next: number * limit < count ? number + 1 : null,
  prev: number > 1 ? number - 1 : null,
});

function wholeNumber(text: string | undefined, fallback: number, most: number): number {
  const number = Number(text);
  return text && Number.isInteger(number) && number >= 1 ? Math.min(number, most) : fallback;
}
