import type { RE2JS } from 're2js';
import { openCache } from '../cache/index.ts';
import { onFirstUse } from '../lazy/index.ts';

/** The longest text of a request that rules are held against, in characters. A longer one is refused, since a rule must not judge half a text. */
export const longestMatched = 4096;

/**
 * The longest text in which something is replaced. One search takes time in proportion to the text; a replacement is a search after each match, so
 * its time grows with the square.
 */
export const longestReplaced = 1024;

/** The library, loaded with the first expression: many configurations have none. */
const re2js = onFirstUse<typeof import('re2js')>('re2js');

const compiled = openCache<RE2JS>(1000);

/** Reads an expression, once for all texts. */
function expression(source: string): RE2JS {
  const known = compiled.get(source);
  if (known) return known;
  const fresh = re2js().RE2JS.compile(source);
  compiled.set(source, fresh);
  return fresh;
}

/** Whether the expression is found anywhere in the text. Throws for a source that `expressionProblem` refuses. */
export const isFoundIn = (source: string, text: string): boolean => expression(source).test(text);

/** Whether the expression matches the whole text. Throws for a source that `expressionProblem` refuses. */
export const isWhole = (source: string, text: string): boolean => expression(source).testExact(text);

/** The text with each match replaced by what `replacement` makes of its groups (0 is the match; one that took no part is empty). */
export function replaceEach(source: string, text: string, replacement: (groups: readonly string[]) => string): string {
  let at = 0;
  let changed = '';
  for (const match of expression(source).matchAll(text)) {
    const { index = at } = match;
    changed += text.slice(at, index) + replacement(Array.from(match, (group: string | undefined) => group ?? ''));
    at = index + match[0].length;
  }
  return changed + text.slice(at);
}

/** What an engine that never goes back cannot do, or spells in another way, and what to write instead. */
const instead: readonly (readonly [mark: RegExp, problem: string])[] = [
  [
    /^\(\?<?[=!]/,
    'looks ahead or behind, which is not supported; match the rest too, or exclude by a second condition with "!" before its comparator',
  ],
  [/^\\[1-9k]/, 'refers back to a group, which is not supported; write out what the group may hold'],
  [
    /^\(\?>|^[*+?}]\+/,
    'has a possessive repeat or group, which is not supported; leave its mark out, since nothing is ever tried twice here',
  ],
  [/^\\[pP]\{[^}]*=/, 'names a Unicode property with "="; write its value alone, such as \\p{Greek}'],
  [/^\\u/, 'writes a character as \\u…; write it as \\x{0041}, with its hex digits in braces'],
  [/^\[\^\]/, 'has [^], which is not supported; write (?s:.) for any character'],
  [/^\{\d*,?\d{4,}/, 'repeats more than 1000 times, which is not supported; write + or *'],
];

/**
 * Why a text is no regular expression of this gateway, with what to write instead; undefined for one that is. The syntax is that of RE2: matching takes
 * time in proportion to the text, so nobody can choose a text that stops the gateway. @see docs/policies.md
 */
export function expressionProblem(source: string): string | undefined {
  try {
    return expression(source) && undefined;
  } catch (error) {
    if (!(error instanceof re2js().RE2JSException)) throw error;
    const places = placesOf(source);
    const known = instead.find(([mark]) => places.some((rest) => mark.test(rest)));
    return known?.[1] ?? `is not a regular expression: ${error.message.replace('error parsing regexp: ', '')}`;
  }
}

const longestMark = 16;

/** The beginnings of what stands at each place of an expression where something begins: outside of classes, and not behind a backslash. */
function placesOf(source: string): string[] {
  const places: string[] = [];
  let isInClass = false;
  for (let at = 0; at < source.length; at += source[at] === '\\' ? 2 : 1) {
    if (!isInClass) places.push(source.slice(at, at + longestMark));
    if (source[at] === '[') isInClass = true;
    else if (source[at] === ']') isInClass = false;
  }
  return places;
}
