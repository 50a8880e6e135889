import { z } from 'zod';
import { OverlongText } from '../../foundation/model/index.ts';
import { expressionProblem, longestReplaced, replaceEach } from '../../foundation/patterns/index.ts';

/**
 * One replacement in a request parameter: a regular expression and its substitute, in which `\1` stands for a group.
 */
export type Mangling = { key: 'user' | 'pass' | 'realm'; search: string; replace: string };

const maxPatternLength = 512;

/** One replacement in privacyIDEA's spelling, `user/(.*)@example/\1/`, or a list of them. */
export const manglings = z
  .union([z.string().transform((one) => [one]), z.array(z.string()).min(1).max(8)])
  .transform((list, context): Mangling[] =>
    list.flatMap((text, place) => {
      const read = readMangling(text);
      if (typeof read !== 'string') return [read];
      context.addIssue({ code: 'custom', message: read, path: list.length > 1 ? [place] : [] });
      return [];
    }),
  );

function readMangling(text: string): Mangling | string {
  const [key, search = '', replace = '', ...rest] = text.split('/');
  if (rest.length === 0 || search === '') return 'is not of the form user/search/replace/';
  if (key !== 'user' && key !== 'pass' && key !== 'realm') return 'begins with user, pass or realm';
  if (search.length > maxPatternLength) return `has a regular expression of more than ${maxPatternLength} characters`;
  return expressionProblem(search) ?? { key, search, replace };
}

/**
 * Applies a replacement wherever its expression matches. Throws `OverlongText` when the text is too long to search
 * repeatedly.
 */
export function mangle({ key, search, replace }: Mangling, text: string): string {
  if (text.length > longestReplaced) throw new OverlongText(`Parameter ${key}`, longestReplaced);
  return replaceEach(search, text, (groups) => replace.replace(/\\(\d)/g, (_reference, group: string) => groups[Number(group)] ?? ''));
}
