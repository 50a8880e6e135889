import { z } from 'zod';

/** The longest question that every phone shows whole, in bytes of UTF-8. @see docs/protocols/linotp.md 8.2 */
export const longestQuestion = 511;

/**
 * Control characters and line separators except line feeds, and marks of text direction, which can make a text read as
 * another one.
 */
const unshown = /[^\P{Cc}\n]|[\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/** A text that a phone shows, of at most this many characters. */
export const shownText = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .refine((text) => !unshown.test(text), 'must have no control characters and no marks of text direction');

/** A text that a phone shows in one line. A line feed in a detail would read as another detail. */
export const shownLine = (most: number) => shownText(most).refine((text) => !text.includes('\n'), 'must be one line');

/** Details of what is approved, in the order of the lines on the phone: a label and its value. */
export const approvalContext = z
  .record(shownLine(32), shownLine(128))
  .refine((context) => Object.keys(context).length <= 8, 'must have at most 8 entries');

/** The question on the phone, which the phone's answer signs: a text, then one line for each detail. */
export const questionOf = (text: string, context: Readonly<Record<string, string>> = {}): string =>
  [text, ...Object.entries(context).map(([label, value]) => `${label}: ${value}`)].join('\n');

/** Whether every phone shows this question whole. */
export const fitsPhones = (question: string): boolean => Buffer.byteLength(question) <= longestQuestion;

/** The same text without what a phone must not show, cut to a number of characters: for texts from strangers. */
export const cleanText = (text: string, most: number): string =>
  [...text.replace(new RegExp(unshown, 'gu'), ' ').replace(/\s+/g, ' ').trim()].slice(0, most).join('');
