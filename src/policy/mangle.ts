import { z } from 'zod';

/** One change of what came: the parameter, the regular expression that is looked for in it, and what is put in its place (`\1` is a group). */
export type Mangling = { key: 'user' | 'pass' | 'realm'; search: string; replace: string };

const longestPattern = 100;
const longestText = 256;

/** privacyIDEA's spelling: `user/(.*)@example/\1/`; several as a list. */
export const manglings = z
  .union([z.string().transform((one) => [one]), z.array(z.string()).min(1).max(8)])
  .transform((list, context): Mangling[] =>
    list.flatMap((text) => {
      const read = readMangling(text);
      if (typeof read !== 'string') return [read];
      context.addIssue({ code: 'custom', message: read });
      return [];
    }),
  );

function readMangling(text: string): Mangling | string {
  const [key, search = '', replace = '', ...rest] = text.split('/');
  if (rest.length === 0 || search === '') return 'is not of the form user/search/replace/';
  if (key !== 'user' && key !== 'pass' && key !== 'realm') return 'begins with user, pass or realm';
  return patternProblem(search) ?? { key, search, replace };
}

/**
 * Whoever logs in chooses the text, so no pattern may take long over it: no repeated group, and so few ways to go on that all of them can be tried
 * on the longest text.
 */
function patternProblem(pattern: string): string | undefined {
  if (pattern.length > longestPattern) return `has a regular expression of more than ${longestPattern} characters`;
  if (/\)[*+?{]/.test(pattern)) return 'has a regular expression that repeats a group';
  if (/\(\?(?!:)|\\[1-9k]/.test(pattern)) return 'has a regular expression with more than groups, classes and repeats';
  const count = (marks: RegExp): number => pattern.replaceAll('(?:', '(').match(marks)?.length ?? 0;
  if (count(/[*+{]/g) > 2 || count(/[*+{?|]/g) > 4) return 'has a regular expression with more than two repeats or four choices';
  try {
    return new RegExp(pattern, 'u') && undefined;
  } catch {
    return 'has no regular expression';
  }
}

/** The text as a mangling changes it, wherever its pattern is found; a longer text than any name or PIN stays as it is. */
export function mangle({ search, replace }: Mangling, text: string): string {
  if (text.length > longestText) return text;
  return text.replace(new RegExp(search, 'gu'), (...found: unknown[]) =>
    replace.replace(/\\(\d)/g, (_reference, group: string) => {
      const value = found[Number(group)];
      return typeof value === 'string' ? value : '';
    }),
  );
}
